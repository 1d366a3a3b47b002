using System.Text.Json.Serialization;
using Realtime.Contracts.Serialization;

namespace Realtime.Contracts.Rest;

/// <summary>Body of <c>POST /dev/tokens</c> (Development only).</summary>
public sealed record DevTokenRequest
{
    /// <summary>The <c>sub</c> of the token.</summary>
    public required string UserId { get; init; }

    /// <summary>Scopes of the token; none when absent.</summary>
    public IReadOnlyList<string>? Scopes { get; init; }
}

/// <summary>Answer of <c>POST /dev/tokens</c>.</summary>
public sealed record DevToken
{
    /// <summary>The token.</summary>
    public required string AccessToken { get; init; }

    /// <summary>When it expires.</summary>
    [JsonConverter(typeof(EventTimeJsonConverter))]
    public required DateTimeOffset ExpiresAt { get; init; }
}
