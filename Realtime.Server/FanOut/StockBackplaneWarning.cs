using Realtime.Server.Telemetry;

namespace Realtime.Server.FanOut;

/// <summary>Says at the start what SignalR's own backplane cannot do: its messages carry no hash, so Redis itself must be trusted.</summary>
internal sealed class StockBackplaneWarning(ILogger<StockBackplaneWarning> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        ServerLog.StockBackplaneUnsigned(logger);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
