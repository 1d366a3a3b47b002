using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace Realtime.Server.Auth;

/// <summary>Validates a token outside a request, by the same options and rules as the bearer handler does. Thread-safe.</summary>
internal sealed class AccessTokenValidator(IOptionsMonitor<JwtBearerOptions> bearer, IOptions<RealtimeOptions> options)
{
    /// <returns>The user, or <see langword="null"/> when the token is not valid.</returns>
    public async Task<ClaimsPrincipal?> ValidateAsync(string accessToken)
    {
        var settings = bearer.Get(JwtBearerDefaults.AuthenticationScheme);
        var parameters = settings.TokenValidationParameters.Clone();
        parameters.ConfigurationManager = settings.ConfigurationManager as BaseConfigurationManager;

        foreach (var handler in settings.TokenHandlers)
        {
            var result = await handler.ValidateTokenAsync(accessToken, parameters);
            if (!result.IsValid) continue;
            var user = new ClaimsPrincipal(result.ClaimsIdentity);
            return (TokenShape.FaultOf(accessToken) ?? TokenClaims.FaultOf(user, options.Value.AuthorizedParties)) is null ? user : null;
        }

        return null;
    }
}
