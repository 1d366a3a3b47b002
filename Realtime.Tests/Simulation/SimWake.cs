using Realtime.Client.Ordering;

namespace Realtime.Tests.Simulation;

/// <summary>Wakes the follower in a step of its own, as a thread pool would: later, and the seed says after what else.</summary>
sealed class SimWake(SimScheduler scheduler, Func<bool> isDead) : IWakeSignal
{
    TaskCompletionSource? _waiting;
    bool _isSet;
    bool _isLimited;

    /// <summary>The follower waits for something to be heard, and for nothing else.</summary>
    internal bool IsAtRest => _waiting is not null && !_isSet && !_isLimited;

    public void Set()
    {
        _isSet = true;
        if (_waiting is { } waiting) scheduler.Soon(() => Release(waiting));
    }

    public Task WaitAsync(TimeSpan? limit, CancellationToken cancellationToken)
    {
        scheduler.CheckThread();
        cancellationToken.ThrowIfCancellationRequested();
        var waiting = _waiting = new TaskCompletionSource();
        _isLimited = limit is not null;
        if (_isSet) scheduler.Soon(() => Release(waiting));
        if (limit is { } atMost) scheduler.In(atMost, () => Release(waiting));
        return waiting.Task;
    }

    void Release(TaskCompletionSource waiting)
    {
        if (_waiting != waiting || isDead()) return;
        _waiting = null;
        _isSet = false;
        waiting.SetResult();
    }
}
