using System.Net.Http.Headers;

namespace Realtime.Client.Connection;

/// <summary>What a server's <c>Retry-After</c> means for the next attempt.</summary>
internal static class RetryAfter
{
    /// <summary>A header that asks for more is not believed: it would silence the client.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    /// <summary>The header counts in seconds, so all who were told the same one would come in the same moment.</summary>
    private static readonly TimeSpan Spread = TimeSpan.FromSeconds(1);

    /// <summary>The time that is asked for, from now on.</summary>
    public static TimeSpan? Of(RetryConditionHeaderValue? header, TimeProvider time)
    {
        var wait = header?.Delta ?? (header?.Date is { } date ? date - time.GetUtcNow() : null);
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    /// <summary>The wait of our own schedule, or as long as the server asks, whichever is longer.</summary>
    /// <param name="backoff">The wait of our own schedule.</param>
    /// <param name="error">Why the last attempt failed.</param>
    /// <param name="jitter">Uniform in [0, 1).</param>
    public static TimeSpan Respect(TimeSpan backoff, Exception? error, Func<double> jitter)
    {
        if (error is not ServerAnswerException { RetryAfter: { } asked }) return backoff;
        asked = (asked < Longest ? asked : Longest) + JitterSource.Between(jitter, TimeSpan.Zero, Spread);
        return asked > backoff ? asked : backoff;
    }
}
