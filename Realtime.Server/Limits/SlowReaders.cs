using Microsoft.Extensions.Options;
using Realtime.Server.FanOut;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Limits;

/// <summary>
/// Closes connections whose buffer stays full: they take up memory and get nothing. They come back, and fetch what they missed.
/// </summary>
internal sealed class SlowReaders(
    ShardLifetimeManager connections, IOptions<RealtimeOptions> options, LimitReports reports, TimeProvider time, ILogger<SlowReaders> logger) : BackgroundService
{
    private static readonly TimeSpan LongestInterval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var timeout = options.Value.SlowReaderTimeout;
        using var timer = new PeriodicTimer(timeout / 2 < LongestInterval ? timeout / 2 : LongestInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) Sweep(timeout);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private void Sweep(TimeSpan timeout)
    {
        foreach (var connection in connections.Connections)
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
