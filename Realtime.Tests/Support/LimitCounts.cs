using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace Realtime.Tests.Support;

/// <summary>How often each limit of one host was reached, by its metric.</summary>
sealed class LimitCounts : IDisposable
{
    readonly ConcurrentDictionary<string, long> _counts = new();
    readonly MeterListener _listener = new();

    internal LimitCounts(RealtimeHost host)
    {
        var scope = host.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "realtime.server.limits.reached" && ReferenceEquals(instrument.Meter.Scope, scope)) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
        {
            foreach (var tag in tags)
            {
                if (tag.Key == "limit") _counts.AddOrUpdate((string)tag.Value!, count, (_, before) => before + count);
            }
        });
        _listener.Start();
    }

    internal long Of(string limit) => _counts.GetValueOrDefault(limit);

    public void Dispose() => _listener.Dispose();
}
