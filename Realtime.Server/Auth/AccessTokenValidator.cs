using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using Realtime.Server.Revocations;

namespace Realtime.Server.Auth;

/// <summary>Validates a token outside a request, by the same options and rules as the bearer handler does. Thread-safe.</summary>
internal sealed class AccessTokenValidator(
    IOptionsMonitor<JwtBearerOptions> bearer, AuthorityKeys keys, IOptions<RealtimeOptions> options, RevocationGate gate)
{
    /// <returns>The user, or <see langword="null"/> when the token is not valid.</returns>
    /// <exception cref="AuthorityUnavailableException">The authority's keys cannot be had now.</exception>
    public async Task<ClaimsPrincipal?> ValidateAsync(string? accessToken, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(accessToken)) return null; // a hub call may bring null

        var settings = bearer.Get(JwtBearerDefaults.AuthenticationScheme);
        var parameters = settings.TokenValidationParameters.Clone();
        if (!await keys.CanJudgeAsync(accessToken, cancellationToken)) throw new AuthorityUnavailableException($"The keys of {keys.Address} cannot be had now.");
        parameters.ConfigurationManager = settings.ConfigurationManager as BaseConfigurationManager;

        foreach (var handler in settings.TokenHandlers)
        {
            var result = await handler.ValidateTokenAsync(accessToken, parameters);
            if (!result.IsValid) continue;
            var user = new ClaimsPrincipal(result.ClaimsIdentity);
            string? fault = TokenShape.FaultOf(accessToken) ?? TokenClaims.FaultOf(user, options.Value.AuthorizedParties);
            return fault is null && gate.RefusalOf(user) is null ? user : null;
        }

        return null;
    }
}
