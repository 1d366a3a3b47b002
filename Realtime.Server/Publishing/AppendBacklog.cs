using System.Threading.Channels;
using Realtime.Server.EventStore;

namespace Realtime.Server.Publishing;

/// <summary>
/// What waits to be appended, in order, and the signal that there is something to do. Anybody adds and wakes; only the loop of
/// <see cref="AppendQueue"/> waits and takes.
/// </summary>
internal sealed class AppendBacklog(AppendLanes lanes, int maxBatch, TimeProvider time)
{
    /// <summary>
    /// So many new events are worth an append of their own while another is under way. With fewer they wait for it: at a low rate a
    /// second commit would only double the work.
    /// </summary>
    public const int EnoughForAnother = 16;

    private readonly Channel<PendingUnit> _arrivals = Channel.CreateUnbounded<PendingUnit>(new() { SingleReader = true });
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });
    private readonly List<PendingUnit> _postponed = [];
    private int _arrived; // events in _arrivals; below zero for a moment when one is taken before it is counted

    public bool HasEnoughForAnother => Volatile.Read(ref _arrived) >= EnoughForAnother;

    /// <returns><see langword="false"/> after <see cref="Close"/>.</returns>
    public bool TryAdd(PendingUnit unit)
    {
        if (!_arrivals.Writer.TryWrite(unit)) return false;
        int arrived = Interlocked.Add(ref _arrived, unit.Count);
        int before = arrived - unit.Count;
        if ((before <= 0 && arrived > 0) || (before < EnoughForAnother && arrived >= EnoughForAnother)) Wake();
        return true;
    }

    public void Wake() => _signal.Writer.TryWrite(true);

    public ValueTask<bool> WaitAsync(CancellationToken cancellationToken) => _signal.Reader.ReadAsync(cancellationToken);

    /// <summary>
    /// The next units for one transaction: in order, no id twice, none of a user with an append under way, none whose stream waits
    /// in a lane, none that nobody waits for.
    /// </summary>
    public List<PendingUnit> Take(IEnumerable<PendingUnit> underWay)
    {
        var busy = underWay.SelectMany(UsersOf).ToHashSet(StringComparer.Ordinal);
        var batch = new List<PendingUnit>();
        var ids = new HashSet<(string, Guid)>();
        var later = new List<PendingUnit>();
        var now = time.GetUtcNow();
        int events = 0;

        using var postponed = _postponed.ToList().GetEnumerator();
        while (events < maxBatch)
        {
            PendingUnit? unit;
            if (postponed.MoveNext()) unit = postponed.Current;
            else if (_arrivals.Reader.TryRead(out unit)) Interlocked.Add(ref _arrived, -unit.Count);
            else break;

            if (unit.Deadline <= now)
            {
                unit.Fail(new StoreUnavailableException("The store did not acknowledge in time."));
            }
            else if (lanes.TryEnter(unit))
            {
                continue;
            }
            else if (busy.Count > 0 && UsersOf(unit).Any(busy.Contains))
            {
                busy.UnionWith(UsersOf(unit)); // nothing that comes later overtakes it
                later.Add(unit);
            }
            else if (unit.Unit.Events.Any(e => ids.Contains((e.UserId, e.Id))))
            {
                later.Add(unit);
            }
            else
            {
                foreach (var e in unit.Unit.Events) ids.Add((e.UserId, e.Id));
                batch.Add(unit);
                events += unit.Count;
            }
        }

        while (postponed.MoveNext()) later.Add(postponed.Current);
        _postponed.Clear();
        _postponed.AddRange(later);
        return batch;
    }

    /// <summary>Units of an append that failed; they are the next.</summary>
    public void PutBack(List<PendingUnit> batch) => _postponed.InsertRange(0, batch);

    /// <summary>Takes nothing more.</summary>
    /// <returns>What waited.</returns>
    public IEnumerable<PendingUnit> Close()
    {
        _arrivals.Writer.TryComplete();
        while (_arrivals.Reader.TryRead(out var unit)) _postponed.Add(unit);
        return _postponed;
    }

    private static IEnumerable<string> UsersOf(PendingUnit unit) => unit.Unit.Events.Select(e => e.UserId);
}
