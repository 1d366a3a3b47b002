using System.Collections.Concurrent;
using Microsoft.AspNetCore.SignalR;
using Realtime.Contracts;
using Realtime.Contracts.Hub;
using Realtime.Server.Hubs;

namespace Realtime.Tests.Server;

/// <summary>A hub context that writes down what is sent to groups, and sends only when the test lets it. Thread-safe.</summary>
sealed class RecordingGroups : IHubContext<AgentHub, IAgentClient>, IHubClients<IAgentClient>, IAgentClient
{
    readonly ConcurrentQueue<string> _sent = new();
    TaskCompletionSource _gate = Open();
    int _sending;

    /// <summary>Positions in the order sent; a head carries the word.</summary>
    internal IReadOnlyList<string> Sent => [.. _sent];

    /// <summary>Whether a push has begun and is not let go yet.</summary>
    internal bool IsSending => Volatile.Read(ref _sending) > 0;

    public IHubClients<IAgentClient> Clients => this;

    public IGroupManager Groups => throw new NotSupportedException();

    public IAgentClient All => throw new NotSupportedException();

    internal void Hold() => _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal void LetGo() => _gate.TrySetResult();

    public Task ReceiveEvent(AgentEventEnvelope envelope) => SendAsync(envelope.Position.ToString());

    public Task ReceiveHead(StreamPosition position) => SendAsync($"head {position}");

    public Task ReceiveReconnect(int afterMs) => throw new NotSupportedException();

    public IAgentClient Group(string groupName) => this;

    public IAgentClient AllExcept(IReadOnlyList<string> excludedConnectionIds) => throw new NotSupportedException();

    public IAgentClient Client(string connectionId) => throw new NotSupportedException();

    IAgentClient IHubClients<IAgentClient>.Clients(IReadOnlyList<string> connectionIds) => throw new NotSupportedException();

    public IAgentClient GroupExcept(string groupName, IReadOnlyList<string> excludedConnectionIds) => throw new NotSupportedException();

    IAgentClient IHubClients<IAgentClient>.Groups(IReadOnlyList<string> groupNames) => throw new NotSupportedException();

    public IAgentClient User(string userId) => throw new NotSupportedException();

    public IAgentClient Users(IReadOnlyList<string> userIds) => throw new NotSupportedException();

    static TaskCompletionSource Open()
    {
        var gate = new TaskCompletionSource();
        gate.SetResult();
        return gate;
    }

    async Task SendAsync(string what)
    {
        Interlocked.Increment(ref _sending);
        await _gate.Task;
        Interlocked.Decrement(ref _sending);
        _sent.Enqueue(what);
    }
}
