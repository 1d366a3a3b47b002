using Microsoft.Extensions.Options;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Hubs;

/// <summary>
/// Ends connections whose token was not renewed, at <c>exp</c> + grace: first so that the client comes back with a fresh
/// token and its cursor, and for one that does not react, by force.
/// </summary>
internal sealed class ConnectionExpiry(
    HubConnections connections, IOptions<RealtimeOptions> options, TimeProvider time, ILogger<ConnectionExpiry> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) Sweep();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private void Sweep()
    {
        var now = time.GetUtcNow();
        foreach (var connection in connections.All)
        {
            try
            {
                EndIfExpired(connection, now);
            }
            catch (Exception fault)
            {
                // One connection that cannot be closed must not keep the others open, nor end the server with this loop.
                ServerLog.ConnectionNotEnded(logger, fault, connection.Id, connection.UserId);
            }
        }
    }

    private void EndIfExpired(ClientConnection connection, DateTimeOffset now)
    {
        if (connection.CloseRequestedAt is { } asked)
        {
            if (asked + Patience < now) connection.Abort();
        }
        else if (connection.ExpiresAt < now - options.Value.TokenGrace)
        {
            ServerLog.ConnectionExpired(logger, connection.Id, connection.UserId);
            connection.RequestClose(now);
        }
    }
}
