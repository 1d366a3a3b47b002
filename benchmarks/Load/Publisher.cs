using System.Diagnostics;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Load;

/// <summary>One worker: one HTTP connection, one request at a time. Not thread-safe.</summary>
internal sealed class Publisher : IDisposable
{
    private readonly HttpSocket _http;
    private readonly Ledger _ledger;
    private readonly byte[] _arrayPath;
    private byte[] _body = new byte[WireEvent.MaxSize];
    private int _padding;

    private Publisher(HttpSocket http, Ledger ledger, byte[] arrayPath)
    {
        _http = http;
        _ledger = ledger;
        _arrayPath = arrayPath;
    }

    /// <summary>Single events are so many bytes larger than usual.</summary>
    public int Padding
    {
        get => _padding;
        set
        {
            _padding = value;
            _body = new byte[WireEvent.MaxSize + value];
        }
    }

    /// <summary>Status of the last answer.</summary>
    public int Status { get; private set; }

    private bool IsAccepted => Status is 200 or 201;

    private static ReadOnlySpan<byte> Path => "/api/v1/agents/events"u8;

    public static async Task<Publisher> ConnectAsync(SystemUnderTest system, Ledger ledger, int index) => new(
        await HttpSocket.ConnectAsync(system.NodeOfPublisher(index), system.Kind.ChecksTokens() ? system.Stage.WorkerToken : null, index),
        ledger,
        system.Kind == SystemKind.Ours ? Path.ToArray() : [.. Path, .. "/batch"u8]);

    /// <summary>So many workers, over all nodes.</summary>
    public static async Task<Publisher[]> ConnectAsync(SystemUnderTest system, Ledger ledger, int first, int count) =>
        await Task.WhenAll(Enumerable.Range(first, count).Select(i => ConnectAsync(system, ledger, i)));

    /// <summary>Publishes the user's next event by its own request.</summary>
    /// <param name="user">To whom.</param>
    /// <param name="lane">As which of the user's publishers.</param>
    /// <param name="scheduled">When it was due; now by default.</param>
    /// <returns>Whether it was acknowledged.</returns>
    public async ValueTask<bool> PublishAsync(int user, int lane = 0, long? scheduled = null)
    {
        int number = _ledger.Issue(user, lane);
        int length = new WireEvent(scheduled ?? Stopwatch.GetTimestamp(), lane, number).Write(_body, user, Padding);
        Status = await _http.PostAsync(Path, _body.AsSpan(0, length));
        if (IsAccepted)
        {
            _ledger.Acknowledge(1);
            return true;
        }

        _ledger.Refuse(user, lane, number);
        return false;
    }

    /// <summary>Publishes one event to each user named, in one array.</summary>
    public async ValueTask<bool> PublishArrayAsync(IReadOnlyList<int> users)
    {
        int needed = (users.Count * WireEvent.MaxSize) + 2;
        if (_body.Length < needed) _body = new byte[needed];
        var numbers = new int[users.Count];
        long now = Stopwatch.GetTimestamp();
        int at = 0;
        _body[at++] = (byte)'[';
        for (int i = 0; i < users.Count; i++)
        {
            if (i > 0) _body[at++] = (byte)',';
            numbers[i] = _ledger.Issue(users[i], 0);
            at += new WireEvent(now, 0, numbers[i]).Write(_body.AsSpan(at), users[i]);
        }

        _body[at++] = (byte)']';
        Status = await _http.PostAsync(_arrayPath, _body.AsSpan(0, at));
        if (IsAccepted)
        {
            _ledger.Acknowledge(users.Count);
            return true;
        }

        for (int i = 0; i < users.Count; i++) _ledger.Refuse(users[i], 0, numbers[i]);
        return false;
    }

    public void Dispose() => _http.Dispose();
}
