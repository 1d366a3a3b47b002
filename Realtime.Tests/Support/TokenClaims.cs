namespace Realtime.Tests.Support;

/// <summary>What a test token says. The defaults make a token that is valid for an hour; null leaves a claim out.</summary>
public sealed record TokenClaims
{
    internal string? Subject { get; init; } = "user_42";
    internal IReadOnlyList<string> Scopes { get; init; } = [];

    /// <value>Where the scopes go: <c>scope</c> (one string), <c>scp</c> or <c>permissions</c> (arrays).</value>
    internal string ScopeClaim { get; init; } = "scope";

    internal string? Issuer { get; init; } = TestTokens.DefaultIssuer;
    internal string? Audience { get; init; } = TestTokens.DefaultAudience;
    internal string? AuthorizedParty { get; init; }
    internal string? Id { get; init; } = Guid.NewGuid().ToString();

    /// <value>Relative to now; negative for an expired token, null for one that never expires.</value>
    internal TimeSpan? ExpiresIn { get; init; } = TimeSpan.FromHours(1);

    /// <value>Relative to now.</value>
    internal TimeSpan? NotBeforeIn { get; init; }

    /// <value>Further claims, which win over the ones above.</value>
    internal IReadOnlyDictionary<string, object> Further { get; init; } = new Dictionary<string, object>();
}
