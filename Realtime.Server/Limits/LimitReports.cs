using Realtime.Server.Telemetry;

namespace Realtime.Server.Limits;

/// <summary>
/// Counts every refusal, and logs at most one line per limit in ten seconds: whoever floods the server must not flood its log
/// as well. Thread-safe.
/// </summary>
internal sealed class LimitReports(ServerMetrics metrics, TimeProvider time, ILogger<LimitReports> logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private readonly Line[] _lines = [.. Enum.GetValues<Limit>().Select(_ => new Line())];

    /// <param name="limit">What was reached.</param>
    /// <param name="userId">By whom; one of possibly many.</param>
    public void Reached(Limit limit, string? userId)
    {
        metrics.LimitReached(limit.Name());
        if (_lines[(int)limit].Next(time) is { } times) ServerLog.LimitReached(logger, limit.Name(), userId, times);
    }

    private sealed class Line
    {
        private readonly Lock _lock = new();
        private long? _writtenAt;
        private long _unwritten;

        /// <returns>What a line that is written now speaks of; <see langword="null"/> when none is due.</returns>
        public long? Next(TimeProvider time)
        {
            lock (_lock)
            {
                _unwritten++;
                if (_writtenAt is { } at && time.GetElapsedTime(at) < Interval) return null;
                _writtenAt = time.GetTimestamp();
                long times = _unwritten;
                _unwritten = 0;
                return times;
            }
        }
    }
}
