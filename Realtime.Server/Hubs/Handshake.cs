using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Http.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Features.Authentication;
using Realtime.Server.Auth;

namespace Realtime.Server.Hubs;

/// <summary>
/// A WebSocket keeps its request alive, and the request keeps the token, whatever was parsed out of it, and the handlers that
/// did so: for as long as the connection lives, and nobody looks at them again. They are released before the hub begins.
/// </summary>
/// <remarks>The other transports send further requests, each with its own token, and are left alone.</remarks>
internal static class Handshake
{
    private const string TokenParameter = "access_token";

    /// <summary>Releases what has let the connection in. Its user keeps <c>sub</c> and <c>exp</c>, and nothing else.</summary>
    public static void Release(ConnectionContext connection)
    {
        if (connection.Features.Get<IHttpTransportFeature>()?.TransportType != HttpTransportType.WebSockets) return;
        if (connection.Features.Get<IHttpContextFeature>()?.HttpContext is not { } http) return;
        if (connection.Features.Get<IConnectionUserFeature>() is not { User: { } known } owner) return;

        var user = OnlyNeeded(known);
        owner.User = user;
        http.Features.Set<IAuthenticateResultFeature>(null);
        http.Features.Set<IHttpAuthenticationFeature>(null);
        http.User = user;
        (http.RequestServices.GetService<IAuthenticationHandlerProvider>() as ReleasableHandlers)?.Release();
        http.Request.Headers.Authorization = default;
        if (http.Request.Query.ContainsKey(TokenParameter)) ReleaseQuery(http);
    }

    private static ClaimsPrincipal OnlyNeeded(ClaimsPrincipal user) => new(new ClaimsIdentity(
        user.Claims.Where(c => c.Type is TokenClaims.Subject or "exp").Select(c => new Claim(c.Type, c.Value)), "Bearer", TokenClaims.Subject, roleType: null));

    /// <summary>Browsers send the token there. The rest of the query stays: with negotiation it names the connection.</summary>
    private static void ReleaseQuery(HttpContext http)
    {
        var rest = QueryString.Create(http.Request.Query.Where(parameter => parameter.Key != TokenParameter));
        http.Features.Set<IQueryFeature>(null);
        http.Request.QueryString = rest;
        if (http.Features.Get<IHttpRequestFeature>() is { } request) request.RawTarget = http.Request.Path.ToUriComponent() + rest.ToUriComponent();
    }
}
