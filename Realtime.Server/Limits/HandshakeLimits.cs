using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Http.Connections.Features;
using Realtime.Server.Api;
using Realtime.Server.Auth;
using Realtime.Server.Hubs;

namespace Realtime.Server.Limits;

/// <summary>
/// Stands before the hub's endpoints, behind authorization: what is too much is refused before a WebSocket is accepted. A user's own
/// limits come first, so that one who asks too often takes nothing of what the node has for all.
/// </summary>
/// <remarks>
/// The request of a WebSocket lasts as long as the connection, so it is counted there. The other transports consist of many
/// requests: they are asked for room when they negotiate, and counted when the connection begins.
/// </remarks>
internal sealed class HandshakeLimits(OpenConnections connections, RequestLimits requests)
{
    /// <summary>What a request to the hub's endpoints is.</summary>
    private enum Kind
    {
        /// <summary>Belongs to a connection that was negotiated.</summary>
        Further,

        /// <summary>A WebSocket without negotiation.</summary>
        WebSocket,

        /// <summary>A WebSocket that was negotiated.</summary>
        NegotiatedWebSocket,

        /// <summary>Asks for a connection.</summary>
        Negotiation,

        /// <summary>
        /// A plain GET. Browsers hide why they were refused a WebSocket: here they can ask whether they would be let in, which SignalR
        /// answers with 400 when they would.
        /// </summary>
        Question,
    }

    /// <summary>Wraps the endpoints' own work.</summary>
    public RequestDelegate Before(RequestDelegate next) => context => KindOf(context) switch
    {
        Kind.Further => next(context),
        Kind.Negotiation => AskAsync(context, next, isTaken: true),
        Kind.Question => AskAsync(context, next, isTaken: false),
        Kind.NegotiatedWebSocket => HoldAsync(context, next, isNew: false),
        _ => HoldAsync(context, next, isNew: true),
    };

    /// <summary>Wraps an endpoint each request to which is a connection.</summary>
    public RequestDelegate Hold(RequestDelegate next) => context => HoldAsync(context, next, isNew: true);

    /// <summary>Counts connections whose request does not last as long as they do.</summary>
    public ConnectionDelegate Around(ConnectionDelegate next) => async connection =>
    {
        var http = connection.Features.Get<IHttpContextFeature>()?.HttpContext;
        if (http is null || connection.Features.Get<IHttpTransportFeature>()?.TransportType == HttpTransportType.WebSockets)
        {
            await next(connection);
            return;
        }

        string userId = TokenClaims.UserIdOf(http.User);
        if (connections.Enter(userId) is not null) return; // several negotiated when there was room for one; this ends the connection
        try
        {
            await next(connection);
        }
        finally
        {
            connections.Left(userId);
        }
    };

    private async Task HoldAsync(HttpContext context, RequestDelegate next, bool isNew)
    {
        string userId = TokenClaims.UserIdOf(context.User);
        var refusal = (isNew ? requests.Request(userId) : null) ?? connections.Enter(userId);
        if (refusal is not null)
        {
            await Problems.WriteAsync(context, refusal);
            return;
        }

        try
        {
            if (isNew && requests.Connect(userId) is { } tooMany) await Problems.WriteAsync(context, tooMany);
            else await next(context);
        }
        finally
        {
            connections.Left(userId);
        }
    }

    private Task AskAsync(HttpContext context, RequestDelegate next, bool isTaken)
    {
        string userId = TokenClaims.UserIdOf(context.User);
        var refusal = requests.Request(userId) ?? connections.Ask(userId) ?? requests.Connect(userId, isTaken);
        return refusal is null ? next(context) : Problems.WriteAsync(context, refusal);
    }

    private static Kind KindOf(HttpContext context)
    {
        bool isNegotiated = context.Request.Query.ContainsKey("id");
        if (Handshake.IsWebSocket(context)) return isNegotiated ? Kind.NegotiatedWebSocket : Kind.WebSocket;
        if (isNegotiated) return Kind.Further;
        return HttpMethods.IsGet(context.Request.Method) ? Kind.Question : Kind.Negotiation;
    }
}
