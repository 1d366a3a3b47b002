using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;
using Realtime.Contracts;
using Realtime.Contracts.Hub;
using Realtime.Server.EventStore;
using Realtime.Server.EventStreams;
using Realtime.Server.Hubs;
using Realtime.Server.Telemetry;

namespace Realtime.Server.HeadCheck;

/// <summary>
/// The head check beside the stock backplane, which does not tell a node what was pushed on it: whenever the head of a user
/// connected here has risen, the user's connections are told. Who has the events ignores it, who lacks one fetches it. So a lost
/// last event arrives, and so do the pushes of a node with our own backplane, whose Redis channels this one does not hear.
/// </summary>
/// <remarks>
/// Cost: one query per 1,000 connected users and interval, and one small message per interval to each connection whose stream
/// has moved. Sends directly to connections of this node, which needs no Redis.
/// </remarks>
internal sealed class StockHeadCheck(
    HubConnections connections, IEventStore store, IHubContext<AgentHub, IAgentClient> hub,
    IOptions<RealtimeOptions> options, TimeProvider time, ILogger<StockHeadCheck> logger) : BackgroundService
{
    private const int MaxUsersPerRead = 1_000;

    private readonly Dictionary<string, Told> _told = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.HeadCheckInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) await CheckAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        var all = connections.All;
        Forget(all);
        try
        {
            foreach (var batch in all.GroupBy(c => c.UserId, StringComparer.Ordinal).Chunk(MaxUsersPerRead))
            {
                var heads = await store.ReadHeadsAsync([.. batch.Select(user => user.Key)], cancellationToken);
                foreach (var user in batch)
                {
                    foreach (var connection in user) Tell(connection, heads[user.Key]);
                }
            }
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            ServerLog.HeadCheckFailed(logger, fault); // the store is away, most likely: next time
        }
    }

    /// <summary>Tells a connection the head, unless it knows it, or does not even read what it was told before: then next time.</summary>
    private void Tell(ClientConnection connection, StreamPosition head)
    {
        if (connection is EventStreamConnection stream)
        {
            stream.HearHead(head); // knows by itself what is news
            return;
        }

        var last = _told.GetValueOrDefault(connection.Id);
        if (last is { Sending.IsCompleted: false }) return;
        if (last is not null && last.Head == head && last.Sending.GetAwaiter().GetResult()) return; // has completed, see above
        _told[connection.Id] = new Told(head, SendAsync(connection, head));
    }

    /// <returns>Whether it was told.</returns>
    private async Task<bool> SendAsync(ClientConnection connection, StreamPosition head)
    {
        try
        {
            await hub.Clients.Client(connection.Id).ReceiveHead(head);
            return true;
        }
        catch (Exception fault)
        {
            ServerLog.HeadNotTold(logger, fault, connection.UserId, connection.Id);
            return false;
        }
    }

    private void Forget(ICollection<ClientConnection> open)
    {
        if (_told.Count == 0) return;
        var ids = open.Select(c => c.Id).ToHashSet(StringComparer.Ordinal);
        foreach (string gone in _told.Keys.Where(id => !ids.Contains(id)).ToList()) _told.Remove(gone);
    }

    private sealed record Told(StreamPosition Head, Task<bool> Sending);
}
