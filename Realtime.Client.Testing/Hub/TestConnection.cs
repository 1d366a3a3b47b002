using Microsoft.AspNetCore.SignalR;

namespace Realtime.Client.Testing.Hub;

/// <summary>One open connection. Thread-safe.</summary>
internal sealed class TestConnection(HubCallerContext context, string userId, DateTimeOffset expiresAt)
{
    private readonly Lock _lock = new();
    private DateTimeOffset _expiresAt = expiresAt;

    public string Id => context.ConnectionId;

    public string UserId => userId;

    public DateTimeOffset ExpiresAt
    {
        get { lock (_lock) return _expiresAt; }
    }

    /// <summary>Takes the expiry of another token, never an earlier one.</summary>
    public DateTimeOffset Extend(DateTimeOffset to)
    {
        lock (_lock) return _expiresAt = to > _expiresAt ? to : _expiresAt;
    }

    public void Cut()
    {
        try
        {
            context.GetHttpContext()!.Abort();
        }
        catch (ObjectDisposedException)
        {
            // It has just ended by itself.
        }
    }

    public void Abort() => context.Abort();
}
