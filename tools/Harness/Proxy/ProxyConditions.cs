namespace Realtime.Harness;

/// <summary>The weather all links of one proxy share. Thread-safe.</summary>
sealed class ProxyConditions
{
    readonly Lock _gate = new();
    readonly TaskCompletionSource?[] _held = new TaskCompletionSource?[2];
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

    internal void Hold(ProxyDirection direction)
    {
        lock (_gate)
            _held[(int)direction] ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    internal void Release(ProxyDirection direction)
    {
        lock (_gate)
        {
            _held[(int)direction]?.SetResult();
            _held[(int)direction] = null;
        }
    }

    /// <summary>Waits while this direction is held.</summary>
    internal Task PassageAsync(ProxyDirection direction, CancellationToken ct)
    {
        lock (_gate)
            return _held[(int)direction]?.Task.WaitAsync(ct) ?? Task.CompletedTask;
    }
}
