using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.SignalR;
using Realtime.Server.Limits;

namespace Realtime.Server.Hubs;

/// <summary>One open connection of this node. Its expiry only moves forward. Thread-safe.</summary>
internal sealed class HubConnection(string userId, HubCallerContext context, DateTimeOffset expiresAt)
{
    private readonly IConnectionLifetimeNotificationFeature? _lifetime = context.Features.Get<IConnectionLifetimeNotificationFeature>();
    private long _expiresAt = expiresAt.UtcTicks;
    private long _closeRequestedAt;

    public string Id { get; } = context.ConnectionId;

    public string UserId => userId;

    /// <summary>What it may still call.</summary>
    public CallBudget Calls { get; } = new();

    /// <summary>What names the connection in the requests of long polling and server-sent events; <see langword="null"/> without negotiation.</summary>
    public string? Token { get; } = context.GetHttpContext()?.Request.Query["id"].ToString() is { Length: > 0 } token ? token : null;

    public DateTimeOffset ExpiresAt => new(Interlocked.Read(ref _expiresAt), TimeSpan.Zero);

    /// <summary>When the client was asked to come back; <see langword="null"/> when it was not.</summary>
    public DateTimeOffset? CloseRequestedAt => Interlocked.Read(ref _closeRequestedAt) is var ticks and > 0 ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>Moves the expiry forward; an earlier one changes nothing.</summary>
    /// <returns>The expiry afterwards.</returns>
    public DateTimeOffset Extend(DateTimeOffset expiresAt)
    {
        long known = Interlocked.Read(ref _expiresAt);
        while (expiresAt.UtcTicks > known)
        {
            long seen = Interlocked.CompareExchange(ref _expiresAt, expiresAt.UtcTicks, known);
            if (seen == known) break;
            known = seen;
        }

        return ExpiresAt;
    }

    /// <summary>Ends the connection so that the client reconnects: <c>Abort</c> would tell it not to.</summary>
    public void RequestClose(DateTimeOffset now)
    {
        Interlocked.Exchange(ref _closeRequestedAt, now.UtcTicks);
        if (_lifetime is not null) _lifetime.RequestClose();
        else context.Abort();
    }

    /// <summary>Ends the connection for good: the client does not reconnect by itself.</summary>
    public void Abort() => context.Abort();
}
