using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.SignalR;
using Realtime.Server.Auth;
using Realtime.Server.Limits;

namespace Realtime.Server.Hubs;

/// <summary>One open connection of this node. Its expiry only moves forward. Thread-safe.</summary>
internal sealed class HubConnection(string userId, HubCallerContext context, Admission admission)
{
    private readonly IConnectionLifetimeNotificationFeature? _lifetime = context.Features.Get<IConnectionLifetimeNotificationFeature>();
    private Admission _admission = admission;
    private long _closeRequestedAt;

    public string Id { get; } = context.ConnectionId;

    public string UserId => userId;

    /// <summary>What it may still call.</summary>
    public CallBudget Calls { get; } = new();

    /// <summary>What names the connection in the requests of long polling and server-sent events; <see langword="null"/> without negotiation.</summary>
    public string? Token { get; } = context.GetHttpContext()?.Request.Query["id"].ToString() is { Length: > 0 } token ? token : null;

    /// <summary>The token on which the connection rests.</summary>
    public Admission Admission => Volatile.Read(ref _admission);

    public DateTimeOffset ExpiresAt => Admission.ExpiresAt;

    /// <summary>When the client was asked to come back; <see langword="null"/> when it was not.</summary>
    public DateTimeOffset? CloseRequestedAt => Interlocked.Read(ref _closeRequestedAt) is var ticks and > 0 ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>Lets the connection rest on another token; one that expires earlier changes nothing.</summary>
    /// <returns>The expiry afterwards.</returns>
    public DateTimeOffset Extend(Admission renewed)
    {
        var known = Admission;
        while (renewed.ExpiresAt >= known.ExpiresAt)
        {
            var seen = Interlocked.CompareExchange(ref _admission, renewed, known);
            if (ReferenceEquals(seen, known)) break;
            known = seen;
        }

        return ExpiresAt;
    }

    /// <summary>Ends the connection so that the client reconnects: <c>Abort</c> would tell it not to.</summary>
    /// <returns>Whether this was the first call; only that one counts.</returns>
    public bool RequestClose(DateTimeOffset now)
    {
        if (Interlocked.CompareExchange(ref _closeRequestedAt, now.UtcTicks, 0) != 0) return false;
        if (_lifetime is not null) _lifetime.RequestClose();
        else context.Abort();
        return true;
    }

    /// <summary>Ends the connection for good: the client does not reconnect by itself.</summary>
    public void Abort() => context.Abort();
}
