using Microsoft.AspNetCore.Http.Connections.Features;
using Microsoft.AspNetCore.SignalR;
using Realtime.Server.Auth;

namespace Realtime.Server.FanOut;

/// <summary>
/// One connection of this node, without a queue: a push that finds the previous write still under way is skipped and the
/// connection marked <em>behind</em>, because the store is the buffer. When the write is through, the connection gets its head
/// and fetches. So a tab that does not read delays neither its siblings nor the publisher. Thread-safe.
/// </summary>
internal sealed class LocalConnection(HubConnectionContext context, Func<LocalConnection, Task> catchUp, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly List<string> _groups = new(1); // one in all likelihood, and thousands of these
    private bool _hasEnded;
    private bool _isWriting;
    private bool _isBehind;
    private long _writingSince;

    public string Id => context.ConnectionId;

    public string UserId => TokenClaims.UserIdOf(context.User);

    /// <summary>For how long its buffer has been full.</summary>
    public TimeSpan StuckFor
    {
        get
        {
            lock (_lock) return _isWriting ? time.GetElapsedTime(_writingSince) : TimeSpan.Zero;
        }
    }

    /// <summary>Notes that the connection is in the group.</summary>
    /// <returns><see langword="false"/> when it is already, or the connection has ended.</returns>
    public bool TryEnter(string group)
    {
        lock (_lock)
        {
            if (_hasEnded || _groups.Contains(group, StringComparer.Ordinal)) return false;
            _groups.Add(group);
            return true;
        }
    }

    /// <returns><see langword="false"/> when it was not in the group.</returns>
    public bool TryExit(string group)
    {
        lock (_lock) return _groups.Remove(group);
    }

    /// <summary>From now on the connection enters no group.</summary>
    /// <returns>The groups it is in.</returns>
    public IReadOnlyList<string> End()
    {
        lock (_lock)
        {
            _hasEnded = true;
            return [.. _groups];
        }
    }

    /// <summary>Sends, or marks the connection behind. Never waits.</summary>
    /// <returns>Whether it was sent.</returns>
    public bool TrySend(SerializedHubMessage message)
    {
        lock (_lock)
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
        lock (_lock)
        {
            _isWriting = false;
            wasBehind = _isBehind;
            _isBehind = false;
        }

        if (wasBehind && !context.ConnectionAborted.IsCancellationRequested) await catchUp(this);
    }
}
