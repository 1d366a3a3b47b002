using Microsoft.AspNetCore.Authentication;

namespace Realtime.Server.Hubs;

/// <summary>The framework's provider of a request's authentication handlers, which can be told to forget them: each keeps its result.</summary>
internal sealed class ReleasableHandlers(IAuthenticationSchemeProvider schemes) : IAuthenticationHandlerProvider
{
    private AuthenticationHandlerProvider _handlers = new(schemes);

    public Task<IAuthenticationHandler?> GetHandlerAsync(HttpContext context, string authenticationScheme) =>
        _handlers.GetHandlerAsync(context, authenticationScheme);

    /// <summary>Who asks later gets a new handler, which authenticates again.</summary>
    public void Release() => _handlers = new AuthenticationHandlerProvider(schemes);

    /// <summary>Takes the place of the framework's own, and of no other.</summary>
    internal static void Register(IServiceCollection services)
    {
        for (int i = 0; i < services.Count; i++)
        {
            if (services[i].ServiceType != typeof(IAuthenticationHandlerProvider)) continue;
            if (services[i].ImplementationType == typeof(AuthenticationHandlerProvider))
                services[i] = ServiceDescriptor.Scoped<IAuthenticationHandlerProvider, ReleasableHandlers>();
        }
    }
}
