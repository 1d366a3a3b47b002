using System.Threading.Channels;
using Microsoft.AspNetCore.SignalR;
using Realtime.Client.Testing.Stream;
using Realtime.Contracts;
using Realtime.Contracts.Hub;

namespace Realtime.Client.Testing.Hub;

/// <summary>
/// Sends what is committed to the user's connections, in order, and spoils it where a test says so. A push is only a hint: what is lost here
/// is told by <see cref="TellHeads"/>, as a real server's head check does.
/// </summary>
internal sealed class PushQueue(Func<IHubContext<TestHub, IAgentClient>?> hub) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Channel<Func<IHubContext<TestHub, IAgentClient>, Task>> _sends = Channel.CreateUnbounded<Func<IHubContext<TestHub, IAgentClient>, Task>>();
    private readonly HashSet<string> _owed = new(StringComparer.Ordinal);
    private (string User, AgentEventEnvelope Event)? _held;
    private Task _sending = Task.CompletedTask;
    private int _drop;
    private int _repeat;
    private int _swap;

    public void Start() => _sending = SendAsync();

    public void DropNext(int count)
    {
        lock (_lock) _drop += count;
    }

    public void RepeatNext(int count)
    {
        lock (_lock) _repeat += count;
    }

    public void SwapNext()
    {
        lock (_lock) _swap++;
    }

    public void Push(string user, AgentEventEnvelope envelope)
    {
        lock (_lock)
        {
            if (_drop > 0)
            {
                _drop--;
                _owed.Add(user);
            }
            else if (_held is null && _swap > 0)
            {
                _swap--;
                _held = (user, envelope);
                _owed.Add(user);
            }
            else
            {
                Send_NeedsLock(user, envelope);
                if (_held is var (heldUser, heldEvent)) Send_NeedsLock(heldUser, heldEvent);
                _held = null;
            }
        }
    }

    /// <summary>Tells users whose push was lost where their stream ends.</summary>
    public void TellHeads(TestStore store)
    {
        List<string> owed;
        lock (_lock)
        {
            owed = [.. _owed];
            _owed.Clear();
            _held = null; // too late for it now; the head covers it
        }

        foreach (string user in owed) TellHead(user, store.HeadOf(user));
    }

    public void TellHead(string user, StreamPosition head) => _sends.Writer.TryWrite(to => to.Clients.Group(UserId.GroupOf(user)).ReceiveHead(head));

    public void AskToReconnect(TimeSpan after) => _sends.Writer.TryWrite(to => to.Clients.All.ReceiveReconnect((int)after.TotalMilliseconds));

    public async ValueTask DisposeAsync()
    {
        _sends.Writer.TryComplete();
        await _sending.ConfigureAwait(false);
    }

    private void Send_NeedsLock(string user, AgentEventEnvelope envelope)
    {
        for (int i = _repeat > 0 ? 0 : 1; i < 2; i++) _sends.Writer.TryWrite(to => to.Clients.Group(UserId.GroupOf(user)).ReceiveEvent(envelope));
        if (_repeat > 0) _repeat--;
    }

    private async Task SendAsync()
    {
        await foreach (var send in _sends.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            // A server that is stopped pushes to nobody: whoever comes back asks for what it missed.
            if (hub() is { } to) await SendOneAsync(send, to).ConfigureAwait(false);
        }
    }

    private static async Task SendOneAsync(Func<IHubContext<TestHub, IAgentClient>, Task> send, IHubContext<TestHub, IAgentClient> to)
    {
        try
        {
            await send(to).ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // The server was stopped at this moment.
        }
    }
}
