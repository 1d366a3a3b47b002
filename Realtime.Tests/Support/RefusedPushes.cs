using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Realtime.Server.Telemetry;

namespace Realtime.Tests.Support;

/// <summary>Counts by reason what the nodes of this process did not take from Redis, as an operator's metrics would.</summary>
sealed class RefusedPushes : IDisposable
{
    readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);
    readonly MeterListener _listener = new();

    internal RefusedPushes()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == ServerMetrics.MeterName && instrument.Name == "realtime.server.backplane.refused") listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((_, count, tags, _) => _counts.AddOrUpdate((string)tags[0].Value!, count, (_, before) => before + count));
        _listener.Start();
    }

    internal long this[string reason] => _counts.GetValueOrDefault(reason);

    internal Task ReachesAsync(string reason, long count) => Eventually.Async($"{count} {reason} message(s) are counted", () => this[reason] >= count);

    public void Dispose() => _listener.Dispose();
}
