using Microsoft.Extensions.Options;
using Realtime.Server.FanOut;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Limits;

/// <summary>
/// Closes connections whose buffer stays full: they take up memory and get nothing. They come back, and fetch what they missed.
/// </summary>
internal sealed class SlowReaders(
    IOptions<RealtimeOptions> options, LimitReports reports, TimeProvider time, ILogger<SlowReaders> logger, ShardLifetimeManager? connections = null) : BackgroundService
{
    private static readonly TimeSpan LongestInterval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (connections is null) return; // beside SignalR's own backplane nobody knows how full the buffers are; its send timeout has to do
        var timeout = options.Value.SlowReaderTimeout;
        using var timer = new PeriodicTimer(timeout / 2 < LongestInterval ? timeout / 2 : LongestInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) Sweep(connections.Connections, timeout);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private void Sweep(IEnumerable<LocalConnection> connections, TimeSpan timeout)
    {
        foreach (var connection in connections)
        {
            if (connection.StuckFor < timeout) continue;
            try
            {
                string userId = connection.UserId;
                reports.Reached(Limit.SlowReader, userId);
                ServerLog.SlowReaderClosed(logger, connection.Id, userId, timeout);
                connection.Cut();
            }
            catch (Exception fault)
            {
                // One connection that cannot be closed must not keep the others open, nor end the server with this loop.
                ServerLog.SlowReaderNotClosed(logger, fault, connection.Id);
            }
        }
    }
}
