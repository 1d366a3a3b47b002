using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.SignalR;
using Realtime.Server.Auth;
using Realtime.Server.Limits;

namespace Realtime.Server.Hubs;

/// <summary>One open connection to the hub. Thread-safe.</summary>
internal sealed class HubConnection(string userId, HubCallerContext context, Admission admission) : ClientConnection(context.ConnectionId, userId, admission)
{
    private readonly IConnectionLifetimeNotificationFeature? _lifetime = context.Features.Get<IConnectionLifetimeNotificationFeature>();

    /// <summary>What it may still call.</summary>
    public CallBudget Calls { get; } = new();

    /// <summary>What names the connection in the requests of long polling and server-sent events; <see langword="null"/> without negotiation.</summary>
    public string? Token { get; } = context.GetHttpContext()?.Request.Query["id"].ToString() is { Length: > 0 } token ? token : null;

    /// <summary>Ends the connection for good: the client does not reconnect by itself.</summary>
    public override void Abort() => context.Abort();

    /// <summary><c>Abort</c> would tell the client not to reconnect.</summary>
    protected override void Close()
    {
        if (_lifetime is not null) _lifetime.RequestClose();
        else context.Abort();
    }
}
