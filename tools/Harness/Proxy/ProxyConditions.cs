namespace Realtime.Harness;

/// <summary>The weather all links of one proxy share. Thread-safe.</summary>
sealed class ProxyConditions
{
    readonly Lock _gate = new();
    readonly TaskCompletionSource?[] _held = new TaskCompletionSource?[2];
    readonly TaskCompletionSource?[] _unread = new TaskCompletionSource?[2];
    long _delayTicks;
    volatile bool _isBlackHole;

    internal bool IsBlackHole
    {
        get => _isBlackHole;
        set => _isBlackHole = value;
    }

    internal TimeSpan Delay
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref _delayTicks));
        set => Interlocked.Exchange(ref _delayTicks, value.Ticks);
    }

    internal void Hold(ProxyDirection direction) => Close(_held, direction);

    internal void Release(ProxyDirection direction) => Open(_held, direction);

    internal void HoldReading(ProxyDirection direction) => Close(_unread, direction);

    internal void ReleaseReading(ProxyDirection direction) => Open(_unread, direction);

    /// <summary>Waits while this direction is held.</summary>
    internal Task PassageAsync(ProxyDirection direction, CancellationToken ct) => WaitAsync(_held, direction, ct);

    /// <summary>Waits while this direction is not read.</summary>
    internal Task ReadingAsync(ProxyDirection direction, CancellationToken ct) => WaitAsync(_unread, direction, ct);

    void Close(TaskCompletionSource?[] gates, ProxyDirection direction)
    {
        lock (_gate)
            gates[(int)direction] ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    void Open(TaskCompletionSource?[] gates, ProxyDirection direction)
    {
        lock (_gate)
        {
            gates[(int)direction]?.SetResult();
            gates[(int)direction] = null;
        }
    }

    Task WaitAsync(TaskCompletionSource?[] gates, ProxyDirection direction, CancellationToken ct)
    {
        lock (_gate)
            return gates[(int)direction]?.Task.WaitAsync(ct) ?? Task.CompletedTask;
    }
}
