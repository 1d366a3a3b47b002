using Microsoft.AspNetCore.SignalR;
using Realtime.Contracts;
using Realtime.Contracts.Hub;

namespace Realtime.Server.Hubs;

/// <summary>
/// The hub at <see cref="Routes.Hub"/>. No logic: a connection joins the group of its token's <c>sub</c>, never one by its own
/// word, and calls are delegated. Workers push through <c>IHubContext&lt;AgentHub, IAgentClient&gt;</c>, in this process or in theirs.
/// </summary>
public sealed class AgentHub : Hub<IAgentClient>, IAgentHub
{
    private readonly HubConnections _connections;
    private readonly HubCalls _calls;

    internal AgentHub(HubConnections connections, HubCalls calls)
    {
        _connections = connections;
        _calls = calls;
    }

    /// <inheritdoc/>
    public override Task OnConnectedAsync() => _connections.JoinAsync(Context, Groups);

    /// <inheritdoc/>
    public override Task OnDisconnectedAsync(Exception? exception)
    {
        _connections.Leave(Context.ConnectionId);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<StreamPosition> GetHead() => _calls.GetHeadAsync(Context);

    /// <inheritdoc/>
    public Task<double> RenewToken(string accessToken) => _calls.RenewTokenAsync(Context, accessToken);

    /// <inheritdoc/>
    public Task Acknowledge(string consumer, string position) => _calls.AcknowledgeAsync(Context, consumer, position);
}
