using Microsoft.Extensions.Options;
using Realtime.Server.Limits;
using Realtime.Server.Telemetry;

namespace Realtime.Server.EventStreams;

/// <summary>What all event streams of a node have in common. Thread-safe.</summary>
internal sealed class EventStreamSettings(
    IOptions<RealtimeOptions> options, ServerMetrics metrics, LimitReports reports, TimeProvider time, Func<double> jitter, ILogger<EventStreamSettings> logger)
{
    /// <summary>Events of one read.</summary>
    public const int PageSize = 500;

    /// <summary>A browser comes back by itself and asks the same in vain, until its page does something about it.</summary>
    public static readonly TimeSpan RetryAfterLoss = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan ShortestRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestSoonRetry = TimeSpan.FromMilliseconds(250);

    public TimeSpan SlowReaderTimeout => options.Value.SlowReaderTimeout;

    public ServerMetrics Metrics => metrics;

    public TimeProvider Time => time;

    public ILogger Logger => logger;

    /// <summary>When to come back from a connection that breaks: spread, for many break together.</summary>
    public TimeSpan Retry() => ShortestRetry + ((LongestRetry - ShortestRetry) * jitter());

    /// <summary>When to come back from a connection that we end.</summary>
    public TimeSpan SoonRetry() => LongestSoonRetry * jitter();

    public void Slow(EventStreamConnection connection)
    {
        reports.Reached(Limit.SlowReader, connection.UserId);
        ServerLog.SlowReaderClosed(logger, connection.Id, connection.UserId, SlowReaderTimeout);
    }
}
