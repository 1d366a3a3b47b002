using Microsoft.AspNetCore.SignalR.Client;

namespace Realtime.Client;

/// <summary>
/// Waits 1, 2, 4, 8, 16, 30, 30 … seconds at most, each shortened by chance, and never gives up by default:
/// <c>d = min(1 s x 2^n, 30 s)</c>, <c>wait = d x (1 - J x u)</c> with u uniform in [0, 1).
/// Never negative, never above 30 s, never throws. Thread-safe when its source of chance is.
/// </summary>
public sealed class ExponentialBackoffRetryPolicy : IRetryPolicy
{
    private const int DoublingsToTheCap = 5; // 1 s x 2^5 is beyond 30 s already
    private readonly Func<double> _random;

    /// <summary>Creates the policy.</summary>
    /// <param name="jitter">
    /// J, 0 to 1: how much of a wait chance may take away. 0 keeps the exact schedule, 1 is full jitter; default 0.5.
    /// It applies to the first attempt too, so that the clients of a restarted server do not return in the same second.
    /// </param>
    /// <param name="random">Numbers in [0, 1); a thread-safe source when <see langword="null"/>. What lies outside is clamped.</param>
    /// <param name="maxAttempts">Gives up after so many attempts; <see langword="null"/>, the default, never does.</param>
    /// <exception cref="ArgumentOutOfRangeException">The jitter is not in 0 to 1, or the number of attempts is negative.</exception>
    public ExponentialBackoffRetryPolicy(double jitter = 0.5, Func<double>? random = null, long? maxAttempts = null)
    {
        if (!(jitter >= 0 && jitter <= 1)) throw new ArgumentOutOfRangeException(nameof(jitter), jitter, "0 to 1.");
        if (maxAttempts < 0) throw new ArgumentOutOfRangeException(nameof(maxAttempts), maxAttempts, "Must not be negative.");
        Jitter = jitter;
        MaxAttempts = maxAttempts;
        _random = random ?? JitterSource.Next;
    }

    /// <summary>The longest wait, 30 s.</summary>
    public static TimeSpan MaxDelay { get; } = TimeSpan.FromSeconds(30);

    /// <summary>How much of a wait chance may take away, 0 to 1.</summary>
    public double Jitter { get; }

    /// <summary>After how many attempts it gives up; <see langword="null"/> for never.</summary>
    public long? MaxAttempts { get; }

    /// <summary>How long to wait before the next attempt; <see langword="null"/> to give up.</summary>
    /// <param name="retryContext">How often it was tried.</param>
    public TimeSpan? NextRetryDelay(RetryContext retryContext)
    {
        // SignalR treats an exception as giving up for ever, so nothing here may throw, not even for null.
        long previous = Math.Max(0, retryContext?.PreviousRetryCount ?? 0);
        return previous >= MaxAttempts ? null : DelayFor(previous, Jitter, _random);
    }

    internal static TimeSpan DelayFor(long previousAttempts, double jitter, Func<double> random)
    {
        long ceiling = previousAttempts >= DoublingsToTheCap ? MaxDelay.Ticks : TimeSpan.TicksPerSecond << (int)previousAttempts;
        return TimeSpan.FromTicks((long)(ceiling * (1 - jitter * JitterSource.Sample(random))));
    }
}
