using System.Threading.RateLimiting;

namespace Realtime.Server.Limits;

/// <summary>Buckets of the library for a rate of ours. Those of single users are made when needed, and given up when they were full for ten seconds.</summary>
internal static class TokenBuckets
{
    /// <summary>How much of its rate a bucket holds, in seconds.</summary>
    internal const int Seconds = 2;

    private const int StepsPerSecond = 10;

    /// <param name="perSecond">Rate; 0 for no limit.</param>
    /// <param name="least">What it holds in any case.</param>
    internal static PartitionedRateLimiter<string>? OfEach(int perSecond, int least = 1)
    {
        if (perSecond == 0) return null;
        var options = Options(perSecond, least);

        // Not GetTokenBucketLimiter, which allocates on each look-up.
        RateLimiter Make(string key) => new TokenBucketRateLimiter(options);
        Func<string, RateLimiter> make = Make;
        return PartitionedRateLimiter.Create<string, string>(key => RateLimitPartition.Get(key, make), StringComparer.Ordinal);
    }

    /// <param name="perSecond">Rate; 0 for no limit.</param>
    internal static TokenBucketRateLimiter? OfAll(int perSecond)
    {
        if (perSecond == 0) return null;
        var options = Options(perSecond, least: 1);
        options.AutoReplenishment = true;
        return new TokenBucketRateLimiter(options);
    }

    private static TokenBucketRateLimiterOptions Options(int perSecond, int least)
    {
        bool isFine = perSecond % StepsPerSecond == 0;
        return new TokenBucketRateLimiterOptions
        {
            TokenLimit = Math.Max(perSecond * Seconds, least),
            TokensPerPeriod = isFine ? perSecond / StepsPerSecond : perSecond,
            ReplenishmentPeriod = isFine ? TimeSpan.FromSeconds(1.0 / StepsPerSecond) : TimeSpan.FromSeconds(1),
            AutoReplenishment = false, // whoever holds the buckets does it for all of them
            QueueLimit = 0,
        };
    }
}
