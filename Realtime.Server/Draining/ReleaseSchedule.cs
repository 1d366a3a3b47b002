using System.Diagnostics.CodeAnalysis;

namespace Realtime.Server.Draining;

/// <summary>
/// When which connection is released: in random order, one in each of equal shares of the window, so that no second meets more
/// than its part. One that joins late gets a random time in what is left. Times count from the begin of the drain. Not thread-safe.
/// </summary>
internal sealed class ReleaseSchedule(TimeSpan lead, TimeSpan window, Func<double> jitter)
{
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly PriorityQueue<string, TimeSpan> _waiting = new();

    /// <summary>Schedules those that are not yet.</summary>
    public void Add(IEnumerable<string> present, TimeSpan now)
    {
        string[] fresh = [.. present.Where(_known.Add)];
        Shuffle(fresh);
        var from = now > lead ? now : lead;
        var share = from < window ? (window - from) / Math.Max(1, fresh.Length) : TimeSpan.Zero;
        for (int i = 0; i < fresh.Length; i++) _waiting.Enqueue(fresh[i], from + (share * (i + jitter())));
    }

    /// <summary>The next one whose time comes before a given one.</summary>
    public bool TryTake(TimeSpan before, [NotNullWhen(true)] out string? connectionId, out TimeSpan due)
    {
        if (!_waiting.TryPeek(out connectionId, out due) || due >= before) return false;
        _waiting.Dequeue();
        return true;
    }

    private void Shuffle(string[] items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = (int)(jitter() * (i + 1));
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
