using OpenTelemetry.Metrics;

namespace Realtime.Server.Telemetry;

/// <summary>Has every counter reported as 0 once somebody listens, before the first request.</summary>
/// <param name="listener">Made first: what is reported before it is there is lost.</param>
/// <param name="metrics">The counters.</param>
internal sealed class MetricsAtStart(MeterProvider listener, ServerMetrics metrics) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(listener);
        metrics.StartAtZero();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
