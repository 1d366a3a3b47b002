using Realtime.Client.Telemetry;
using Realtime.Contracts;

namespace Realtime.Client.Ordering;

/// <summary>What has been heard since the last look.</summary>
internal sealed record LiveBatch
{
    /// <summary>Pushed events, as they came.</summary>
    public required IReadOnlyList<PushedEvent> Events { get; init; }

    /// <summary>Heads heard; of one history only the lowest and the highest.</summary>
    public required IReadOnlyList<StreamPosition> Heads { get; init; }

    /// <summary>The barrier that was passed last.</summary>
    public BarrierHead? Barrier { get; init; }

    /// <summary>Events were dropped because the buffer was full, or could not be taken in at all: the store knows them.</summary>
    public bool HasLost { get; init; }
}

/// <summary>A head that was read after a connection had joined its group.</summary>
/// <param name="Generation">Number of the connection.</param>
/// <param name="Head">The head.</param>
internal readonly record struct BarrierHead(int Generation, StreamPosition Head);

/// <summary>
/// What the connection hears, until the one task that owns the cursor looks at it. Writing never waits and never fails:
/// when the buffer is full its content is dropped and the loss is noted, because everything can be read again from the server.
/// Thread-safe; one reader.
/// </summary>
internal sealed class LiveBuffer(int capacity, TimeProvider time, IWakeSignal wake)
{
    private const long MaxBytes = 16 * 1024 * 1024;
    private const int MaxHeads = 4; // two of each history, so two or four in practice

    private readonly object _lock = new();
    private List<PushedEvent> _events = [];
    private List<StreamPosition> _heads = [];
    private long _bytes;
    private BarrierHead? _barrier;
    private bool _hasLost;
    private long _lastHeard = time.GetTimestamp();

    /// <summary>Timestamp of the last event or head.</summary>
    public long LastHeard => Interlocked.Read(ref _lastHeard);

    public void AddEvent(PushedEvent pushed)
    {
        int size = 0;
        if (pushed.Envelope is { } envelope)
        {
            size = envelope.Data.Utf8.Length; // the rest is as bounded as their number
            ClientTracing.Received(envelope);
            ClientTimings.Received(envelope, time);
        }

        lock (_lock)
        {
            if (_events.Count >= capacity || _bytes + size > MaxBytes)
            {
                _events = [];
                _bytes = 0;
                _hasLost = true;
            }
            else
            {
                _events.Add(pushed);
                _bytes += size;
            }
        }

        Heard();
    }

    /// <summary>A head was announced.</summary>
    public void AddHead(StreamPosition head)
    {
        lock (_lock) AddHead_NeedsLock(head);
        Heard();
    }

    /// <summary>A connection has been told the head that it asked for.</summary>
    public void AddBarrier(BarrierHead barrier)
    {
        lock (_lock) _barrier = barrier;
        Heard();
    }

    /// <summary>Something was pushed that is not even an envelope.</summary>
    public void AddUnreadable()
    {
        lock (_lock) _hasLost = true;
        Heard();
    }

    /// <summary>Everything heard since the last call; <see langword="null"/> when there is nothing.</summary>
    public LiveBatch? Take()
    {
        lock (_lock)
        {
            if (_events.Count == 0 && _heads.Count == 0 && _barrier is null && !_hasLost) return null;
            var batch = new LiveBatch { Events = _events, Heads = _heads, Barrier = _barrier, HasLost = _hasLost };
            _events = [];
            if (_heads.Count > 0) _heads = [];
            _bytes = 0;
            _barrier = null;
            _hasLost = false;
            return batch;
        }
    }

    /// <summary>Waits until something was heard, or for so long. May wake without cause.</summary>
    public Task WaitAsync(TimeSpan? limit, CancellationToken cancellationToken) => wake.WaitAsync(limit, cancellationToken);

    private void AddHead_NeedsLock(StreamPosition head)
    {
        int lowest = -1;
        int highest = -1;
        for (int i = 0; i < _heads.Count; i++)
        {
            if (!_heads[i].IsSameHistoryAs(head)) continue;
            if (lowest < 0 || _heads[i].Sequence < _heads[lowest].Sequence) lowest = i;
            if (highest < 0 || _heads[i].Sequence > _heads[highest].Sequence) highest = i;
        }

        if (lowest >= 0 && head.Sequence >= _heads[lowest].Sequence && head.Sequence <= _heads[highest].Sequence) return;
        if (lowest != highest) _heads[head.Sequence < _heads[lowest].Sequence ? lowest : highest] = head;
        else if (_heads.Count < MaxHeads) _heads.Add(head);
        else _heads[0] = head;
    }

    private void Heard()
    {
        Interlocked.Exchange(ref _lastHeard, time.GetTimestamp());
        wake.Set();
    }
}
