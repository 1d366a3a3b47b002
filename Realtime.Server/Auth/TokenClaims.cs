using System.Globalization;
using System.Security.Claims;

namespace Realtime.Server.Auth;

/// <summary>Reads claims of a validated token, in one place. Names are the JWT's own: inbound mapping is off.</summary>
internal static class TokenClaims
{
    internal const string Subject = "sub";
    internal const string AuthorizedParty = "azp";
    internal const string Expiry = "exp";
    private const string Id = "jti";
    private const string IssuedAt = "iat";
    private const double MicrosPerSecond = 1_000_000;
    private static readonly DateTimeOffset LatestExpiry = new(9000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// Where issuers write what a token may do: <c>scope</c> (RFC 8693), <c>scp</c> (Entra ID, users), <c>permissions</c> (Auth0), <c>roles</c>
    /// (Entra ID, applications).
    /// </summary>
    internal static readonly string[] ScopeClaims = ["scope", "scp", "permissions", "roles"];

    /// <summary>The user; a validated token always has one.</summary>
    internal static string UserIdOf(ClaimsPrincipal user) =>
        user.FindFirst(Subject)?.Value ?? throw new InvalidOperationException("A token without sub was let in.");

    /// <summary>When the token expires. "Never", written as an enormous number, is a time that can still be added to.</summary>
    internal static DateTimeOffset ExpiryOf(ClaimsPrincipal user) => DateTimeOffset.FromUnixTimeSeconds(
        (long)Math.Clamp(double.Parse(user.FindFirst(Expiry)!.Value, CultureInfo.InvariantCulture), 0, LatestExpiry.ToUnixTimeSeconds()));

    /// <summary>The token's <c>jti</c>, if it has one.</summary>
    internal static string? IdOf(ClaimsPrincipal user) => user.FindFirst(Id)?.Value;

    /// <summary>The token's <c>iat</c> in microseconds since 1970; <see langword="null"/> when it has none that can be read.</summary>
    internal static long? IssuedAtOf(ClaimsPrincipal user) =>
        double.TryParse(user.FindFirst(IssuedAt)?.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds)
        && seconds >= 0 && seconds < LatestExpiry.ToUnixTimeSeconds()
            ? (long)(seconds * MicrosPerSecond)
            : null;

    internal static bool HasScope(ClaimsPrincipal user, string scope) =>
        user.Claims.Any(c => ScopeClaims.Contains(c.Type) && c.Value.Split(' ').Contains(scope));

    /// <summary>What a token that is otherwise valid lacks for us, or <see langword="null"/>.</summary>
    internal static string? FaultOf(ClaimsPrincipal user, IList<string> authorizedParties)
    {
        if (string.IsNullOrEmpty(user.FindFirst(Subject)?.Value)) return "The token has no sub";
        if (user.FindFirst(Expiry) is null) return "The token has no exp";
        if (authorizedParties.Count > 0 && !authorizedParties.Contains(user.FindFirst(AuthorizedParty)?.Value ?? string.Empty))
            return "The token's azp is not an authorized party";
        return null;
    }
}
