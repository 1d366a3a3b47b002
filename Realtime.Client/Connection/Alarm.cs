namespace Realtime.Client.Connection;

/// <summary>A point in time by the injected clock, or none. Not thread-safe.</summary>
internal sealed class Alarm(TimeProvider time)
{
    private long _setAt;
    private TimeSpan? _after;

    public bool IsSet => _after is not null;

    public bool IsDue => Remaining <= TimeSpan.Zero;

    private TimeSpan? Remaining => _after is { } after ? after - time.GetElapsedTime(_setAt) : null;

    /// <summary>Sets it; <see langword="null"/> switches it off.</summary>
    public void In(TimeSpan? after)
    {
        _setAt = time.GetTimestamp();
        _after = after;
    }

    public void Off() => _after = null;

    /// <summary>How long until the first of them; <see langword="null"/> when none is set.</summary>
    public static TimeSpan? Earliest(params Alarm[] alarms)
    {
        TimeSpan? earliest = null;
        foreach (var alarm in alarms)
        {
            if (alarm.Remaining is { } remaining && (earliest is null || remaining < earliest)) earliest = remaining;
        }

        return earliest;
    }
}
