using Microsoft.Extensions.Time.Testing;

namespace Realtime.Tests.Simulation;

/// <summary>
/// Runs steps one by one on the calling thread, in the order of their virtual times; the seed decides among those that are due
/// together. Timers are steps like any other. Nothing here or below it waits for real time or for another thread.
/// </summary>
sealed class SimScheduler(SimRandom random)
{
    static readonly DateTimeOffset Begin = new(2026, 11, 23, 3, 0, 0, TimeSpan.Zero);

    readonly PriorityQueue<Action, (long Due, ulong Order)> _steps = new();
    readonly FakeTimeProvider _clock = new(Begin);
    readonly int _thread = Environment.CurrentManagedThreadId;
    long _now;

    /// <summary>What happened, for a person to read; <see langword="null"/> while nobody wants to.</summary>
    internal List<string>? Trace { get; init; }

    internal TimeSpan Now => TimeSpan.FromTicks(_now);

    internal DateTimeOffset UtcNow => Begin.AddTicks(_now);

    internal int StepsRun { get; private set; }

    /// <summary>What has happened so far.</summary>
    internal SimTally Tally { get; } = new();

    /// <summary>The first broken promise. Noted here, because product code may catch what its callbacks throw.</summary>
    internal PromiseBrokenException? Broken { get; set; }

    internal void In(TimeSpan delay, Action step) => _steps.Enqueue(step, (_now + Math.Max(0, delay.Ticks), random.NextBits()));

    internal void Soon(Action step) => In(TimeSpan.Zero, step);

    /// <summary>Waits; whoever waits goes on in a step of its own.</summary>
    internal Task WaitAsync(TimeSpan delay)
    {
        var over = new TaskCompletionSource();
        In(delay, over.SetResult);
        return over.Task;
    }

    /// <summary>Runs until the condition holds, nothing is left to do, or the time is over.</summary>
    /// <returns>Whether the condition holds.</returns>
    internal bool RunUntil(Func<bool> condition, TimeSpan limit, Action afterStep)
    {
        long end = _now + limit.Ticks;
        while (!condition())
        {
            if (!_steps.TryPeek(out _, out var next) || next.Due > end)
            {
                MoveTo(end);
                return condition();
            }

            MoveTo(next.Due);
            _steps.Dequeue()();
            StepsRun++;
            if (Environment.CurrentManagedThreadId != _thread) throw new InvalidOperationException("A step ran on another thread.");
            afterStep();
            if (Broken is not null) throw Broken;
        }

        return true;
    }

    /// <summary>Product code must go on within the step that completed what it waited for.</summary>
    internal void CheckThread()
    {
        if (Environment.CurrentManagedThreadId != _thread) throw new InvalidOperationException("Product code left the thread of the simulation.");
    }

    internal void Note(Happening what) => Tally.Note(what);

    internal void Tell(string who, string what) => Trace?.Add($"{Now.TotalSeconds,9:0.000000}  {who,-8} {what}");

    void MoveTo(long due)
    {
        if (due <= _now) return;
        _now = due;
        _clock.SetUtcNow(Begin.AddTicks(due));
    }

    /// <summary>The clock of one process; its timers die with it.</summary>
    internal sealed class Clock(SimScheduler scheduler, Func<bool> isDead) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => scheduler._clock.GetUtcNow();

        public override long GetTimestamp() => scheduler._clock.GetTimestamp();

        public override long TimestampFrequency => scheduler._clock.TimestampFrequency;

        /// <summary>Waits under way. Cancelling one would continue it on another thread; the simulation lets it end first.</summary>
        internal int Pending { get; set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (period != Timeout.InfiniteTimeSpan) throw new NotSupportedException("Only timers that fire once are simulated.");
            var timer = new Timer(this);
            Pending++;
            scheduler.In(dueTime, () =>
            {
                if (timer.TryEnd() && !isDead()) callback(state);
            });
            return timer;
        }
    }

    sealed class Timer(Clock clock) : ITimer
    {
        bool _isOver;

        internal bool TryEnd()
        {
            if (_isOver) return false;
            _isOver = true;
            clock.Pending--;
            return true;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => throw new NotSupportedException("Nobody changes a timer here.");

        public void Dispose() => TryEnd();

        public ValueTask DisposeAsync()
        {
            TryEnd();
            return ValueTask.CompletedTask;
        }
    }
}
