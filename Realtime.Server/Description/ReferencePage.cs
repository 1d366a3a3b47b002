using Realtime.Server.Api;
using Scalar.AspNetCore;

namespace Realtime.Server.Description;

/// <summary>
/// <c>/scalar/</c>: the description as a page to read and to try calls on, for the Development environment. Its scripts come from the package; nothing
/// leaves the machine. It has a content security policy of its own, as it writes scripts and styles into its markup; our own page keeps the strict one.
/// </summary>
internal static class ReferencePage
{
    /// <summary>Where it is.</summary>
    internal const string Path = "/scalar";

    private const string Policy =
        "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        + "connect-src 'self' data: blob:; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    internal static IEndpointRouteBuilder MapReferencePage(this IEndpointRouteBuilder app)
    {
        var page = app.MapGroup(string.Empty).AllowAnonymous();
        ((IEndpointConventionBuilder)page).Add(endpoint =>
        {
            var next = endpoint.RequestDelegate!;
            endpoint.RequestDelegate = context =>
            {
                SecurityHeaders.OfPage(context.Response, Policy);
                return next(context);
            };
        });
        page.MapScalarApiReference(Path, options => options
            .WithTitle("Realtime")
            .WithOpenApiRoutePattern(ApiDescription.Path)
            .AddPreferredSecuritySchemes("bearer")
            .DisableDefaultFonts()
            .DisableTelemetry()
            .DisableAgent());
        return app;
    }
}
