using System.Runtime.InteropServices;
using System.Text.Json;
using Realtime.Contracts;

namespace Realtime.Client.Ordering;

/// <summary>What has been heard since the last look.</summary>
internal sealed record LiveBatch
{
    /// <summary>Pushed events, as they came.</summary>
    public required IReadOnlyList<JsonElement> Events { get; init; }

    /// <summary>Heads heard, as they came; of one history only the highest.</summary>
    public required IReadOnlyList<StreamPosition> Heads { get; init; }

    /// <summary>The connection whose barrier was passed: its head is among <see cref="Heads"/>.</summary>
    public int? BarrierGeneration { get; init; }

    /// <summary>Events were dropped because the buffer was full, or could not be taken in at all: the store knows them.</summary>
    public bool HasLost { get; init; }
}

/// <summary>
/// What the connection hears, until the one task that owns the cursor looks at it. Writing never waits and never fails:
/// when the buffer is full its content is dropped and the loss is noted, because everything can be read again from the server.
/// Thread-safe; one reader.
/// </summary>
internal sealed class LiveBuffer(int capacity, TimeProvider time, IWakeSignal wake)
{
    private const long MaxBytes = 16 * 1024 * 1024;
    private const int MaxHeads = 4; // of different histories, so one or two in practice

    private readonly object _lock = new();
    private List<JsonElement> _events = [];
    private List<StreamPosition> _heads = [];
    private long _bytes;
    private int? _barrierGeneration;
    private bool _hasLost;
    private long _lastHeard = time.GetTimestamp();

    /// <summary>Timestamp of the last event or head.</summary>
    public long LastHeard => Interlocked.Read(ref _lastHeard);

    public void AddEvent(JsonElement envelope)
    {
        int size = JsonMarshal.GetRawUtf8Value(envelope).Length;
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
                _events.Add(envelope);
                _bytes += size;
            }
        }

        Heard();
    }

    /// <param name="head">A head from the server.</param>
    /// <param name="barrierGeneration">The connection whose barrier this head is.</param>
    public void AddHead(StreamPosition head, int? barrierGeneration = null)
    {
        lock (_lock)
        {
            int known = _heads.FindIndex(h => h.IsSameHistoryAs(head));
            if (known < 0 && _heads.Count < MaxHeads) _heads.Add(head);
            else if (known < 0) _heads[0] = head;
            else if (_heads[known].Sequence < head.Sequence) _heads[known] = head;
            _barrierGeneration = barrierGeneration ?? _barrierGeneration;
        }

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
            if (_events.Count == 0 && _heads.Count == 0 && !_hasLost) return null;
            var batch = new LiveBatch { Events = _events, Heads = _heads, BarrierGeneration = _barrierGeneration, HasLost = _hasLost };
            _events = [];
            _heads = [];
            _bytes = 0;
            _barrierGeneration = null;
            _hasLost = false;
            return batch;
        }
    }

    /// <summary>Waits until something was heard, or for so long. May wake without cause.</summary>
    public Task WaitAsync(TimeSpan? limit, CancellationToken cancellationToken) => wake.WaitAsync(limit, cancellationToken);

    private void Heard()
    {
        Interlocked.Exchange(ref _lastHeard, time.GetTimestamp());
        wake.Set();
    }
}
