using Microsoft.Extensions.Time.Testing;

namespace Realtime.Tests.Support;

/// <summary>Fake time that knows whether somebody waits for it: a test advances only then. Thread-safe.</summary>
sealed class WatchedTime(DateTimeOffset start) : FakeTimeProvider(start)
{
    int _timers;

    internal bool HasWaiter() => Volatile.Read(ref _timers) > 0;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Watched(this, base.CreateTimer(callback, state, dueTime, period));
        Interlocked.Increment(ref _timers); // not before: an advance now must find it
        return timer;
    }

    sealed class Watched(WatchedTime owner, ITimer timer) : ITimer
    {
        int _isDisposed;

        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime, period);

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isDisposed, 1) == 0) Interlocked.Decrement(ref owner._timers);
            timer.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
