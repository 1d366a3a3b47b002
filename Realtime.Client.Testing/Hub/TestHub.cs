using Microsoft.AspNetCore.SignalR;
using Realtime.Client.Testing.Access;
using Realtime.Client.Testing.Stream;
using Realtime.Contracts;
using Realtime.Contracts.Hub;
using Realtime.Contracts.Rest;

namespace Realtime.Client.Testing.Hub;

/// <summary>The hub of the wire contract. The user comes from the token, never from the caller's word.</summary>
internal sealed class TestHub(TestConnections connections, TestStore store, TestTokenIssuer tokens, TestFaults faults, TimeProvider time) : Hub<IAgentClient>, IAgentHub
{
    private static readonly TimeSpan TimeToAnswer = TimeSpan.FromMilliseconds(250);

    public override async Task OnConnectedAsync()
    {
        var caller = Guard.CallerOf(Context.GetHttpContext()!);
        await Groups.AddToGroupAsync(Context.ConnectionId, UserId.GroupOf(caller.UserId)).ConfigureAwait(false);
        if (!faults.StoreDoor.IsClosed) await Clients.Caller.ReceiveHead(store.HeadOf(caller.UserId)).ConfigureAwait(false);
        connections.Add(new TestConnection(Context, caller.UserId, caller.ExpiresAt));
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        connections.Remove(Context.ConnectionId);
        return Task.CompletedTask;
    }

    public Task<StreamPosition> GetHead() => Task.FromResult(store.HeadOf(UserWithStore()));

    public Task<double> RenewToken(string accessToken)
    {
        var connection = connections.Get(Context.ConnectionId);
        var caller = tokens.Judge(accessToken).Caller ?? throw new HubException(HubErrors.InvalidToken);
        if (caller.UserId != connection.UserId)
        {
            _ = EndAfterAnswerAsync(connection);
            throw new HubException(HubErrors.UserChanged);
        }

        return Task.FromResult(Math.Max(0, (connection.Extend(caller.ExpiresAt) - time.GetUtcNow()).TotalSeconds));
    }

    public Task Acknowledge(string consumer, string position)
    {
        if (!ConsumerCursor.IsValidName(consumer)) throw new HubException($"{HubErrors.InvalidArgument}: consumer");
        if (!StreamPosition.TryParse(position, out var processed)) throw new HubException($"{HubErrors.InvalidArgument}: position");
        return store.MoveCursor(UserWithStore(), consumer, processed) switch
        {
            ({ }, _) => Task.CompletedTask,
            (_, { }) => throw new HubException(HubErrors.HistoryLost),
            _ => throw new HubException($"{HubErrors.InvalidArgument}: more than 100 consumers"),
        };
    }

    private string UserWithStore() =>
        faults.StoreDoor.IsClosed ? throw new HubException(HubErrors.StoreUnavailable) : connections.Get(Context.ConnectionId).UserId;

    /// <summary>The error must still travel over the connection that it ends.</summary>
    private static async Task EndAfterAnswerAsync(TestConnection connection)
    {
        await Task.Delay(TimeToAnswer, TimeProvider.System).ConfigureAwait(false);
        connection.Abort();
    }
}
