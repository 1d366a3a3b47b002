using System.Collections.Concurrent;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Realtime.Contracts;
using Realtime.Contracts.Hub;
using Realtime.Server.Hubs;
using Realtime.Server.Telemetry;

namespace Realtime.Server.FanOut;

/// <summary>
/// Our own lifetime manager behind SignalR's hub context. Delivery on this node never needs Redis: a connection joins and
/// receives while Redis is away. Other nodes are reached through a fixed number of shard subscriptions instead of one per
/// user, and no connection has a queue (<see cref="LocalConnection"/>). Thread-safe.
/// </summary>
/// <remarks>
/// Serves what the contract needs: groups, and single connections of this node. Users are addressed by their group; there is
/// no message to everybody.
/// </remarks>
internal sealed class ShardLifetimeManager(
    LocalGroups groups, IHubProtocolResolver protocols, IServiceProvider services, TimeProvider time, RedisShards? redis = null, PushFaults? faults = null, ServerMetrics? metrics = null) : HubLifetimeManager<AgentHub>, ILocalPushes
{
    /// <summary>Most connections of a group that are written to on the thread of the append loop.</summary>
    private const int MostAtOnce = 8;

    private readonly ConcurrentDictionary<string, LocalConnection> _connections = new(StringComparer.Ordinal);

    public override Task OnConnectedAsync(HubConnectionContext connection)
    {
        _connections[connection.ConnectionId] = new LocalConnection(connection, SendHeadAsync, time);
        return Task.CompletedTask;
    }

    public override Task OnDisconnectedAsync(HubConnectionContext connection)
    {
        if (_connections.TryRemove(connection.ConnectionId, out var local)) groups.End(local);
        return Task.CompletedTask;
    }

    public override Task AddToGroupAsync(string connectionId, string groupName, CancellationToken cancellationToken = default)
    {
        groups.Add(Local(connectionId), groupName);
        return Task.CompletedTask;
    }

    public override Task RemoveFromGroupAsync(string connectionId, string groupName, CancellationToken cancellationToken = default)
    {
        groups.Remove(Local(connectionId), groupName);
        return Task.CompletedTask;
    }

    public override Task SendGroupAsync(string groupName, string methodName, object?[] args, CancellationToken cancellationToken = default) =>
        SendAsync(groupName, methodName, args, except: null);

    public override Task SendGroupsAsync(IReadOnlyList<string> groupNames, string methodName, object?[] args, CancellationToken cancellationToken = default) =>
        Task.WhenAll(groupNames.Select(name => SendAsync(name, methodName, args, except: null)));

    /// <remarks>Connections to leave out are left out on this node only; the contract has no such push between nodes.</remarks>
    public override Task SendGroupExceptAsync(
        string groupName, string methodName, object?[] args, IReadOnlyList<string> excludedConnectionIds, CancellationToken cancellationToken = default) =>
        SendAsync(groupName, methodName, args, excludedConnectionIds);

    public override Task SendConnectionAsync(string connectionId, string methodName, object?[] args, CancellationToken cancellationToken = default)
    {
        if (_connections.TryGetValue(connectionId, out var connection)) connection.TrySend(new SerializedHubMessage(Serialize(methodName, args)), mark: null);
        return Task.CompletedTask;
    }

    public override Task SendConnectionsAsync(IReadOnlyList<string> connectionIds, string methodName, object?[] args, CancellationToken cancellationToken = default) =>
        Task.WhenAll(connectionIds.Select(id => SendConnectionAsync(id, methodName, args, cancellationToken)));

    public override Task SendAllAsync(string methodName, object?[] args, CancellationToken cancellationToken = default) => throw NoSuchTarget();

    public override Task SendAllExceptAsync(
        string methodName, object?[] args, IReadOnlyList<string> excludedConnectionIds, CancellationToken cancellationToken = default) => throw NoSuchTarget();

    public override Task SendUserAsync(string userId, string methodName, object?[] args, CancellationToken cancellationToken = default) => throw NoSuchTarget();

    public override Task SendUsersAsync(IReadOnlyList<string> userIds, string methodName, object?[] args, CancellationToken cancellationToken = default) =>
        throw NoSuchTarget();

    /// <summary>The connections of this node.</summary>
    public IEnumerable<LocalConnection> Connections => _connections.Select(connection => connection.Value);

    public IEnumerable<string> Names => groups.Names;

    public IEnumerable<string> Unknown => groups.Unknown;

    public LocalGroup? Find(string name) => groups.Find(name);

    public void SendLocal(LocalGroup group, string methodName, object argument) =>
        group.Send(new SerializedHubMessage(Serialize(methodName, [argument])), MarkOf(methodName, [argument]));

    /// <summary>Lets a receiver that is no connection of the hub have what is pushed to a group.</summary>
    public void Join(GroupMember member, string groupName) => groups.Add(member, groupName);

    /// <summary>Ends that.</summary>
    public void Leave(GroupMember member) => groups.End(member);

    /// <summary>
    /// Pushes an event at once, on the caller's thread, when that takes next to no time: nothing here waits, neither for a client
    /// nor for Redis, but a group of many connections is many writes.
    /// </summary>
    /// <returns><see langword="false"/> when it was not pushed and belongs into a queue.</returns>
    public bool TryPushAtOnce(string groupName, AgentEventEnvelope envelope)
    {
        if (redis is { IsListening: false }) return false; // a process that only publishes waits for Redis
        var group = groups.Find(groupName);
        if (group is { Members.Length: > MostAtOnce }) return false;
        if (group is null && redis is null) return true;

        using var span = ServerTracing.StartPush(envelope, PushPath.Publish);
        var forms = Serialize(envelope);
        if (group is not null) Push(group, new SerializedHubMessage(forms), EventMark.Of(envelope));
        _ = redis?.PublishAsync(groupName, EventMark.Of(envelope), forms);
        return true;
    }

    /// <summary>Has pushes that follow one another reach the other nodes together, until the answer is disposed of.</summary>
    public IDisposable? Hold() => redis?.Hold();

    /// <summary>
    /// A head was read after a connection had joined. Where it is the first that is known of the group, progress begins there,
    /// and every member is told: one that joined while the store was away may know less.
    /// </summary>
    /// <returns>Whether they were told.</returns>
    public bool Begin(string groupName, StreamPosition head)
    {
        if (groups.Find(groupName) is not { Pushed: null } group) return false;
        Announce(group, head);
        return true;
    }

    public void Announce(LocalGroup group, StreamPosition head) =>
        group.Announce(new SerializedHubMessage(Serialize(nameof(IAgentClient.ReceiveHead), [head])), head);

    /// <summary>A connection could not be told its head: the next head check tells the whole group.</summary>
    public void Owe(string groupName) => groups.Find(groupName)?.Forget();

    /// <summary>A push of another node.</summary>
    /// <returns>Whether it was new here, or is nobody's.</returns>
    public bool Receive(string groupName, ShardMessage pushed)
    {
        if (groups.Find(groupName) is not { } group) return true;
        return IsSwallowed(group, pushed.Mark) || group.TrySend(pushed.Message, pushed.Mark);
    }

    private void Push(LocalGroup group, SerializedHubMessage message, EventMark? mark, IReadOnlyList<string>? except = null)
    {
        if (!IsSwallowed(group, mark)) CountSkipped(group.Send(message, mark, except));
    }

    /// <summary>Never outside Development, where nothing makes faults.</summary>
    private bool IsSwallowed(LocalGroup group, EventMark? mark)
    {
        if (faults is null || mark is not { } pushed) return false;
        var fate = faults.FateOf(group.Name);
        if (fate == PushFate.Lost) group.Lose(pushed);
        return fate != PushFate.Sent;
    }

    private Task SendAsync(string groupName, string methodName, object?[] args, IReadOnlyList<string>? except)
    {
        var group = groups.Find(groupName);
        if (group is null && redis is null) return Task.CompletedTask;

        IReadOnlyList<SerializedMessage> forms = methodName == nameof(IAgentClient.ReceiveEvent) && args is [AgentEventEnvelope envelope] ? Serialize(envelope) : Serialize(methodName, args);
        var mark = MarkOf(methodName, args);
        if (group is not null) Push(group, new SerializedHubMessage(forms), mark, except);
        return redis?.PublishAsync(groupName, mark, forms) ?? Task.CompletedTask;
    }

    private void CountSkipped(int? members)
    {
        if (members > 0) metrics?.PushSkipped(members.Value);
    }

    private SerializedMessage[] Serialize(AgentEventEnvelope envelope)
    {
        var all = protocols.AllProtocols;
        var forms = new SerializedMessage[all.Count];
        InvocationMessage? invocation = null;
        for (int i = 0; i < forms.Length; i++)
        {
            forms[i] = all[i] is JsonHubProtocol json
                ? EventFrame.Json(json.Name, envelope)
                : new SerializedMessage(all[i].Name, all[i].GetMessageBytes(invocation ??= new InvocationMessage(nameof(IAgentClient.ReceiveEvent), [envelope])));
        }

        return forms;
    }

    private List<SerializedMessage> Serialize(string methodName, object?[] args)
    {
        var invocation = new InvocationMessage(methodName, args);
        return [.. protocols.AllProtocols.Select(p => new SerializedMessage(p.Name, p.GetMessageBytes(invocation)))];
    }

    private static EventMark? MarkOf(string methodName, object?[] args) =>
        methodName == nameof(IAgentClient.ReceiveEvent) && args is [AgentEventEnvelope envelope] ? EventMark.Of(envelope) : null;

    /// <summary>A connection that was behind has drained: it gets the head of its stream and fetches.</summary>
    private async Task SendHeadAsync(LocalConnection connection)
    {
        var connections = services.GetRequiredService<HubConnections>(); // made from the hub context, which is made from this
        await connections.SendHeadAsync(connection.Id);
    }

    private LocalConnection Local(string connectionId) => _connections.TryGetValue(connectionId, out var connection)
        ? connection
        : throw new HubException("The connection is gone, or on another node: only its own node changes its groups.");

    private static NotSupportedException NoSuchTarget() => new("Address a user by its group, UserId.GroupOf(user); there is no push to everybody.");
}
