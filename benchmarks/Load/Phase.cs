using HdrHistogram;

namespace Realtime.Benchmarks.Load;

/// <summary>Latencies from when an event was due to be sent until it has arrived, for events due since the phase began. Thread-safe.</summary>
/// <param name="from">Start of the phase, by the stopwatch.</param>
internal sealed class Phase(long from)
{
    private const long Longest = 120_000_000; // microseconds
    private const int Digits = 3;
    private readonly LongConcurrentHistogram _latencies = new(1, Longest, Digits);

    /// <summary>Called for each event of the phase with its number; the last of several deliveries of one event, say.</summary>
    public Action<WireEvent, long>? Also { get; init; }

    public long Count => _latencies.TotalCount;

    public void Record(WireEvent received, long now)
    {
        if (received.Scheduled < from) return;
        if (Also is not null) Also(received, now);
        else RecordLatency(received.Scheduled, now);
    }

    public void RecordLatency(long scheduled, long now) => _latencies.RecordValue(Math.Clamp((now - scheduled) / 1_000, 1, Longest));

    /// <summary>Milliseconds.</summary>
    public double Percentile(double percent) => _latencies.GetValueAtPercentile(percent) / 1_000.0;
}
