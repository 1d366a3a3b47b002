using System.Security.Claims;

namespace Realtime.Server.Auth;

/// <summary>What lets a connection stay: the token that gave it its expiry.</summary>
/// <param name="TokenId">The token's <c>jti</c>, if it has one.</param>
/// <param name="IssuedAt">Its <c>iat</c> in microseconds since 1970, if it has one.</param>
/// <param name="ExpiresAt">Its <c>exp</c>.</param>
internal sealed record Admission(string? TokenId, long? IssuedAt, DateTimeOffset ExpiresAt)
{
    internal static Admission Of(ClaimsPrincipal user) => new(TokenClaims.IdOf(user), TokenClaims.IssuedAtOf(user), TokenClaims.ExpiryOf(user));
}
