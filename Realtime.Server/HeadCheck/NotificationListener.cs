using Npgsql;
using Realtime.Contracts;
using Realtime.Server.EventStore;
using Realtime.Server.FanOut;
using Realtime.Server.Telemetry;

namespace Realtime.Server.HeadCheck;

/// <summary>
/// Hears of appends made in SQL (<c>realtime.notify</c>, <c>Schema/Postgres/006_notify.sql</c>) on one connection of this node
/// and has the users concerned checked at once. Only a hint: what is missed while that connection is away is found by a head check.
/// </summary>
/// <remarks>
/// Cost: one connection. A user who is not connected here costs a look into a dictionary; notifications that arrive while a
/// check is under way share the next one, so a storm costs no more reads than it takes time.
/// </remarks>
internal sealed class NotificationListener(
    PostgresDatabase database, LocalGroups groups, HeadCheckService headCheck, TimeProvider time, Func<double> jitter, ILogger<NotificationListener> logger)
    : BackgroundService
{
    internal const string Channel = "realtime_events";

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _heard = new(0, 1);
    private HashSet<string> _groups = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Task.WhenAll(ListenAgainAndAgainAsync(stoppingToken), CheckAgainAndAgainAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task ListenAgainAndAgainAsync(CancellationToken cancellationToken)
    {
        var delay = FirstDelay;
        while (true)
        {
            try
            {
                await ListenAsync(onListening: () => delay = FirstDelay, cancellationToken);
            }
            catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
            {
                var wait = delay * (1 - 0.5 * jitter()); // nodes that lost the database together do not come back together
                ServerLog.NotListening(logger, fault, wait);
                await Task.Delay(wait, time, cancellationToken);
                delay = delay * 2 < MaxDelay ? delay * 2 : MaxDelay;
            }
        }
    }

    /// <summary>Ends only by an exception.</summary>
    private async Task ListenAsync(Action onListening, CancellationToken cancellationToken)
    {
        await using var connection = database.CreateListener();
        connection.Notification += (_, notification) => Hear(notification.Payload);
        await connection.OpenAsync(cancellationToken);
        await using (var listen = new NpgsqlCommand($"listen {Channel}", connection))
        {
            await listen.ExecuteNonQueryAsync(cancellationToken);
        }

        ServerLog.Listening(logger);
        onListening();
        headCheck.CheckSoon(); // what was committed before the database listened for us
        while (true) await connection.WaitAsync(cancellationToken);
    }

    /// <summary>Anybody who may connect to the database can send anything: it is compared with the users connected here, nothing else.</summary>
    private void Hear(string payload)
    {
        string name = UserId.GroupOf(payload);
        if (groups.Find(name) is null) return;
        lock (_lock)
        {
            _groups.Add(name);
            if (_heard.CurrentCount == 0) _heard.Release();
        }
    }

    private async Task CheckAgainAndAgainAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _heard.WaitAsync(cancellationToken);
            HashSet<string> concerned;
            lock (_lock)
            {
                concerned = _groups;
                _groups = new(StringComparer.Ordinal);
            }

            await headCheck.CheckNowAsync(concerned, cancellationToken);
        }
    }
}
