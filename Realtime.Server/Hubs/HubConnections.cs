using System.Collections.Concurrent;
using Microsoft.AspNetCore.SignalR;
using Realtime.Contracts;
using Realtime.Contracts.Hub;
using Realtime.Server.Auth;
using Realtime.Server.EventStore;
using Realtime.Server.FanOut;
using Realtime.Server.Revocations;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Hubs;

/// <summary>The connections of this node, to the hub and to the event stream: joining their user's group, and who is here. Thread-safe.</summary>
internal sealed class HubConnections(
    HeadReader heads, ConnectionOwners owners, RevokedConnections revoked, IHubContext<AgentHub, IAgentClient> hub, TimeProvider time, ILogger<HubConnections> logger, ShardLifetimeManager? shards = null)
{
    private readonly ConcurrentDictionary<string, ClientConnection> _byId = new(StringComparer.Ordinal);

    public ICollection<ClientConnection> All => _byId.Values;

    public bool IsEmpty => _byId.IsEmpty;

    public bool IsConnected(string userId) => _byId.Any(c => c.Value.UserId == userId);

    /// <summary>A connection to the hub.</summary>
    public HubConnection Get(string connectionId) => Find(connectionId) as HubConnection ?? throw new HubException("The connection is gone.");

    public ClientConnection? Find(string connectionId) => _byId.GetValueOrDefault(connectionId);

    /// <summary>Counts a connection in that is none to the hub: from now on it is found by whoever ends connections.</summary>
    /// <returns><see langword="false"/> when its token was revoked between the request and now; it is ending then.</returns>
    public bool Add(ClientConnection connection)
    {
        _byId[connection.Id] = connection;
        return !revoked.EndIfRevoked(connection);
    }

    /// <summary>Such a connection has ended.</summary>
    public void Remove(ClientConnection connection) => _byId.TryRemove(connection.Id, out _);

    /// <summary>
    /// Joins the group, then sends the head. Never throws: a connection whose start throws is told not to reconnect,
    /// so one that cannot join is asked to come back instead.
    /// </summary>
    public async Task JoinAsync(HubCallerContext context, IGroupManager groups)
    {
        string userId = TokenClaims.UserIdOf(context.User!);
        var connection = new HubConnection(userId, context, Admission.Of(context.User!));
        _byId[connection.Id] = connection;
        owners.Add(connection.Token, userId);
        if (revoked.EndIfRevoked(connection)) return; // between the handshake and now
        try
        {
            await groups.AddToGroupAsync(connection.Id, UserId.GroupOf(userId), context.ConnectionAborted);
            ServerLog.ConnectionJoined(logger, connection.Id, userId);
            _ = SendHeadAsync(connection); // not awaited: a slow store must not delay the connection
        }
        catch (Exception fault)
        {
            ServerLog.JoinFailed(logger, fault, connection.Id, userId);
            connection.RequestClose(time.GetUtcNow());
        }
    }

    public void Leave(string connectionId)
    {
        if (_byId.TryRemove(connectionId, out var connection)) owners.Remove((connection as HubConnection)?.Token);
    }

    /// <summary>Reads the head and sends it to one connection. Never throws.</summary>
    public Task SendHeadAsync(string connectionId) =>
        Find(connectionId) is HubConnection connection ? SendHeadAsync(connection) : Task.CompletedTask;

    private async Task SendHeadAsync(HubConnection connection)
    {
        try
        {
            var head = await heads.ReadAsync(connection.UserId, CancellationToken.None);
            if (shards?.Begin(UserId.GroupOf(connection.UserId), head) == true) return; // this connection too
            await hub.Clients.Client(connection.Id).ReceiveHead(head);
        }
        catch (Exception fault)
        {
            // Nobody awaits this, so nothing may escape: not what the store throws, and not what the backplane does.
            // Our own backplane's next head check tells the whole group; besides, clients ask by GetHead.
            shards?.Owe(UserId.GroupOf(connection.UserId));
            ServerLog.HeadNotRead(logger, fault, connection.UserId, connection.Id);
        }
    }
}
