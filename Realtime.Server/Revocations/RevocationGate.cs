using System.Security.Claims;
using Microsoft.IdentityModel.Tokens;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Revocations;

/// <summary>The last word on a token that is otherwise valid, also on one that was validated before. Thread-safe.</summary>
internal sealed class RevocationGate(RevocationList list, ServerMetrics metrics)
{
    /// <returns>Why the token is refused, or <see langword="null"/>.</returns>
    public Exception? RefusalOf(ClaimsPrincipal user)
    {
        if (!list.IsLoaded) return new RevocationsUnknownException();
        if (!list.IsRevoked(user)) return null;
        metrics.RevokedTokenRefused();
        return new SecurityTokenValidationException("The token was revoked");
    }
}
