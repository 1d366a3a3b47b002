namespace Realtime.Chaos.Clients;

/// <summary>A wall clock that can be set wrong, as by a user or a time server. Timers and timestamps go on undisturbed. Thread-safe.</summary>
sealed class SteppedTime : TimeProvider
{
    long _offsetTicks;

    internal TimeSpan Offset
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref _offsetTicks));
        set => Interlocked.Exchange(ref _offsetTicks, value.Ticks);
    }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset;
}
