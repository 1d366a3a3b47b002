using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Features.Authentication;

namespace Realtime.Server.Hubs;

/// <summary>
/// A WebSocket keeps its request alive, and the request keeps the token for as long as the connection lives, though nobody looks
/// at it again. It is released before SignalR begins; whom it named stays.
/// </summary>
/// <remarks>
/// The other transports send further requests, each with its own token, and are left alone. Not from within the connection: there SignalR
/// uses the request on another thread at the same time, and one handshake in some ten thousand failed with 500.
/// </remarks>
internal static class Handshake
{
    private const string TokenParameter = "access_token";

    /// <summary>Releases what has let a WebSocket in, when it is in.</summary>
    public static RequestDelegate ReleaseBefore(RequestDelegate next) => context =>
    {
        if (IsWebSocket(context)) Release(context);
        return next(context);
    };

    /// <summary>Asked before SignalR's own middleware has put its answer into the request.</summary>
    public static bool IsWebSocket(HttpContext context) =>
        context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true }
        || (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
            && string.Equals(context.Request.Headers.Upgrade, "websocket", StringComparison.OrdinalIgnoreCase));

    /// <summary>Releases what has let a request in that lives as long as its connection; whom it named stays.</summary>
    public static void Release(HttpContext http)
    {
        http.Features.Set<IAuthenticateResultFeature>(null);
        http.Features.Set<IHttpAuthenticationFeature>(new HttpAuthenticationFeature { User = http.User });
        http.Request.Headers.Authorization = default;
        if (http.Request.Query.ContainsKey(TokenParameter)) ReleaseQuery(http);
    }

    /// <summary>Browsers send the token there. The rest of the query stays: with negotiation it names the connection.</summary>
    private static void ReleaseQuery(HttpContext http)
    {
        var rest = QueryString.Create(http.Request.Query.Where(parameter => parameter.Key != TokenParameter));
        http.Features.Set<IQueryFeature>(null);
        http.Request.QueryString = rest;
        if (http.Features.Get<IHttpRequestFeature>() is { } request) request.RawTarget = http.Request.Path.ToUriComponent() + rest.ToUriComponent();
    }
}
