using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;
using Realtime.Contracts;
using Realtime.Server.Auth;
using Realtime.Server.Hubs;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Limits;

/// <summary>Refuses the calls of a connection that makes too many, and ends one that goes on: it may come back, by the limits on connects.</summary>
internal sealed class HubLimits(
    HubConnections connections, IOptions<RealtimeOptions> options, LimitReports reports, TimeProvider time, ILogger<HubLimits> logger) : IHubFilter
{
    private readonly int _perSecond = options.Value.RateLimits.HubCallsPerSecondPerConnection;

    public ValueTask<object?> InvokeMethodAsync(HubInvocationContext invocationContext, Func<HubInvocationContext, ValueTask<object?>> next)
    {
        var connection = connections.Get(invocationContext.Context.ConnectionId);
        var verdict = connection.Calls.Take(_perSecond, time);
        if (verdict is CallVerdict.Allowed) return next(invocationContext);

        reports.Reached(Limit.CallsOfConnection, connection.UserId);
        if (verdict is CallVerdict.Exhausted && connection.CloseRequestedAt is null)
        {
            ServerLog.CallerClosed(logger, connection.Id, connection.UserId);
            connection.RequestClose(time.GetUtcNow());
        }

        throw new HubException(HubErrors.TooManyCalls);
    }

    /// <summary>SignalR ends a connection that sends a message beyond its greatest size, or one that is no message.</summary>
    public Task OnDisconnectedAsync(HubLifetimeContext context, Exception? exception, Func<HubLifetimeContext, Exception?, Task> next)
    {
        if (exception is InvalidDataException) reports.Reached(Limit.HubMessage, context.Context.User?.FindFirst(TokenClaims.Subject)?.Value);
        return next(context, exception);
    }
}
