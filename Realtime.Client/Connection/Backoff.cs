using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.Logging;
using Realtime.Client.Telemetry;

namespace Realtime.Client.Connection;

/// <summary>
/// Counts failed attempts across everything that connects (the first connect, SignalR's own reconnect, a closed
/// connection), so that all follow one schedule. Guards SignalR against a policy that throws or answers nonsense: a negative
/// delay would leave a HubConnection in "Reconnecting" for ever. Thread-safe.
/// </summary>
internal sealed class Backoff(IRetryPolicy policy, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(1);

    private readonly object _lock = new();
    private long _attempts;
    private long _since;

    public int FailedAttempts
    {
        get { lock (_lock) return (int)Math.Min(int.MaxValue, _attempts); }
    }

    /// <summary>How long to wait before the next attempt; <see langword="null"/> when the policy gives up.</summary>
    public TimeSpan? Next(Exception? reason)
    {
        var context = new RetryContext { RetryReason = reason };
        lock (_lock)
        {
            if (_attempts == 0) _since = time.GetTimestamp();
            context.PreviousRetryCount = _attempts;
            context.ElapsedTime = time.GetElapsedTime(_since);
            if (_attempts < long.MaxValue) _attempts++;
        }

        try
        {
            return policy.NextRetryDelay(context) is { } delay ? Clamp(delay) : null;
        }
        catch (Exception fault)
        {
            ClientLog.RetryPolicyFailed(logger, fault);
            return ExponentialBackoffRetryPolicy.MaxDelay;
        }
    }

    /// <summary>Begins the schedule anew. Only for a connection that was caught up and stable for a while: a flapping server must not look new each time.</summary>
    public void Reset()
    {
        lock (_lock) _attempts = 0;
    }

    private static TimeSpan Clamp(TimeSpan delay) =>
        delay < TimeSpan.Zero ? TimeSpan.Zero : delay > LongestDelay ? LongestDelay : delay;
}
