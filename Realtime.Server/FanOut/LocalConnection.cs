using Microsoft.AspNetCore.Http.Connections.Features;
using Microsoft.AspNetCore.SignalR;
using Realtime.Server.Auth;

namespace Realtime.Server.FanOut;

/// <summary>
/// One connection of this node, without a queue: a push that finds the previous write still under way is skipped and the
/// connection marked <em>behind</em>, because the store is the buffer. When the write is through, the connection gets its head
/// and fetches. So a tab that does not read delays neither its siblings nor the publisher. Thread-safe.
/// </summary>
internal sealed class LocalConnection(HubConnectionContext context, Func<LocalConnection, Task> catchUp, TimeProvider time) : GroupMember
{
    private bool _isWriting;
    private bool _isBehind;
    private long _writingSince;

    public override string Id => context.ConnectionId;

    public string UserId => TokenClaims.UserIdOf(context.User);

    /// <summary>For how long its buffer has been full.</summary>
    public TimeSpan StuckFor
    {
        get
        {
            lock (Gate) return _isWriting ? time.GetElapsedTime(_writingSince) : TimeSpan.Zero;
        }
    }

    /// <summary>Sends, or marks the connection behind.</summary>
    /// <returns>Whether it was sent.</returns>
    public override bool TrySend(SerializedHubMessage message, EventMark? mark)
    {
        lock (Gate)
        {
            if (_isWriting)
            {
                _isBehind = true;
                return false;
            }

            var write = context.WriteAsync(message, CancellationToken.None);
            if (write.IsCompletedSuccessfully) return true;
            _isWriting = true;
            _writingSince = time.GetTimestamp();
            _ = FinishAsync(write.AsTask());
            return true;
        }
    }

    /// <summary>
    /// Ends the connection without a word: a close message would have to wait behind what the client does not take. It sees a broken
    /// connection, and comes back.
    /// </summary>
    public void Cut()
    {
        context.Features.Get<IHttpContextFeature>()?.HttpContext?.Abort();
        context.Abort();
    }

    private async Task FinishAsync(Task write)
    {
        // A write that fails ends the connection, and SignalR says so; here it only means that nothing is under way any more.
        await write.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        bool wasBehind;
        lock (Gate)
        {
            _isWriting = false;
            wasBehind = _isBehind;
            _isBehind = false;
        }

        if (wasBehind && !context.ConnectionAborted.IsCancellationRequested) await catchUp(this);
    }
}
