namespace Realtime.Server.Api;

/// <summary>
/// What browsers are told about our answers. No HSTS: whoever ends TLS, usually a proxy, knows whether the whole host has it.
/// </summary>
internal static class SecurityHeaders
{
    /// <summary>Answers that carry somebody's data: no cache keeps them, and nobody guesses their type.</summary>
    internal static void OfData(HttpResponse response)
    {
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
    }

    /// <summary>The same for an endpoint, before it runs.</summary>
    internal static void OfData(EndpointBuilder endpoint)
    {
        var next = endpoint.RequestDelegate!;
        endpoint.RequestDelegate = context =>
        {
            OfData(context.Response);
            return next(context);
        };
    }

    /// <summary>Pages and what they load.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="policy">The content security policy.</param>
    internal static void OfPage(HttpResponse response, string policy)
    {
        response.Headers.ContentSecurityPolicy = policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.XFrameOptions = "DENY";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
        response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
    }
}
