using System.Net;
using Microsoft.Extensions.Options;
using Realtime.Contracts;

namespace Realtime.Server.Telemetry;

/// <summary>
/// <c>/metrics</c> on the main port, as long as no management port is set: for callers on the same machine only, to everybody else it does not
/// exist. A proxy on the same machine is such a caller; one that says so in a header is not taken for one.
/// </summary>
internal sealed class MetricsPage(IOptions<RealtimeOptions> options)
{
    private static readonly string[] HeadersOfProxies = ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via"];

    internal void Map(IEndpointRouteBuilder app)
    {
        if (options.Value.ManagementPort is not null) return;
        var page = app.MapPrometheusScrapingEndpoint(Routes.Metrics).AllowAnonymous().ExcludeFromDescription();
        page.Add(endpoint =>
        {
            var write = endpoint.RequestDelegate!;
            endpoint.RequestDelegate = context => IsLocal(context) ? write(context) : Hide(context);
        });
    }

    /// <summary>By the host too: a page of another site whose name points to this machine is not to read it.</summary>
    internal static bool IsLocal(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } caller && IPAddress.IsLoopback(caller.IsIPv4MappedToIPv6 ? caller.MapToIPv4() : caller)
        && IsLoopbackName(context.Request.Host.Host)
        && !Array.Exists(HeadersOfProxies, context.Request.Headers.ContainsKey);

    private static bool IsLoopbackName(string host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static Task Hide(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }
}
