using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Realtime.Contracts;
using Realtime.Server.Api;
using Realtime.Server.Draining;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Hubs;

/// <summary>
/// Stands before the hub, behind the token: a page of a foreign origin is refused, and a node that is going away takes nobody new.
/// Whoever has joined goes on until he is released. CORS does not do the first: browsers open WebSockets without asking it.
/// </summary>
internal sealed class HubDoor(Drain drain, ConnectionOwners owners, IOptions<RealtimeOptions> options, ServerMetrics metrics, ILogger<HubDoor> logger)
{
    private readonly HashSet<string> _origins = new(options.Value.AllowedOrigins, StringComparer.OrdinalIgnoreCase);

    /// <summary>Puts the door before an endpoint.</summary>
    public void Guard(EndpointBuilder endpoint)
    {
        var next = endpoint.RequestDelegate!;
        endpoint.RequestDelegate = context =>
        {
            if (RefusalOf(context.Request) is { } refusal) return Problems.WriteAsync(context, refusal);
            SecurityHeaders.OfData(context.Response);
            return next(context);
        };
    }

    private Problem? RefusalOf(HttpRequest request)
    {
        if (!MayCallFrom(request))
        {
            metrics.HandshakeRefused("origin");
            ServerLog.OriginRefused(logger, request.Headers.Origin.ToString());
            return new Problem(StatusCodes.Status403Forbidden, ProblemTypes.OriginNotAllowed, "Pages of this origin may not connect.", null);
        }

        if (!drain.HasBegun || owners.IsJoined(request.Query["id"])) return null;
        metrics.HandshakeRefused("draining");
        return new Problem(StatusCodes.Status503ServiceUnavailable, ProblemTypes.Draining, "This node is going away.", "Connect again; another node answers.") { RetryAfter = 1 };
    }

    /// <summary>Without a list there is nothing to check, and without an origin it is no browser. The page's own host counts, whatever its scheme: a proxy may have ended TLS.</summary>
    private bool MayCallFrom(HttpRequest request)
    {
        if (_origins.Count == 0 || !request.Headers.TryGetValue(HeaderNames.Origin, out var origin)) return true;
        string page = origin.ToString();
        return _origins.Contains(page)
            || (Uri.TryCreate(page, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp)
                && string.Equals(uri.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase));
    }
}
