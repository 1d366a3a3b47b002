using Realtime.Server.Telemetry;

namespace Realtime.Server.FanOut;

/// <summary>
/// Counts what came over Redis and was not taken. Whoever can publish there can send any amount of it, so it is logged once a
/// minute, without a word of what it said. Thread-safe.
/// </summary>
internal sealed class ShardRefusals(ServerMetrics metrics, TimeProvider time, ILogger<ShardRefusals> logger)
{
    private static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Recent = TimeSpan.FromMinutes(1);

    private long _last;
    private long _logged;
    private int _sinceLogged;

    /// <summary>Whether messages were refused within the last minute: other nodes have another key or release, or somebody forges.</summary>
    public bool AreRecent => Volatile.Read(ref _last) is not 0 and var last && time.GetElapsedTime(last) < Recent;

    /// <summary>A message was not taken.</summary>
    public void Count(ShardFault fault)
    {
        metrics.BackplaneRefused(fault);
        if (fault == ShardFault.Repeated) return; // pushes may come twice, for one by the head check

        long now = time.GetTimestamp();
        Interlocked.Exchange(ref _last, now);
        Interlocked.Increment(ref _sinceLogged);
        long logged = Interlocked.Read(ref _logged);
        if (logged != 0 && time.GetElapsedTime(logged, now) < LogInterval) return;
        if (Interlocked.CompareExchange(ref _logged, now, logged) == logged)
            ServerLog.ShardMessagesRefused(logger, Interlocked.Exchange(ref _sinceLogged, 0), fault);
    }
}
