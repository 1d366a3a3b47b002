using System.Text.Json.Serialization;
using Realtime.Contracts.Serialization;

namespace Realtime.Contracts.Rest;

/// <summary>A token, or the tokens of a user, that are no longer accepted.</summary>
public sealed record Revocation
{
    /// <summary>The <c>jti</c> of the token.</summary>
    public string? Jti { get; init; }

    /// <summary>The user.</summary>
    public string? UserId { get; init; }

    /// <summary>Tokens of the user that were issued before are refused.</summary>
    [JsonConverter(typeof(NullableEventTimeJsonConverter))]
    public DateTimeOffset? IssuedBefore { get; init; }

    /// <summary>When it may be forgotten; absent: never.</summary>
    [JsonConverter(typeof(NullableEventTimeJsonConverter))]
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>When, by the store's clock.</summary>
    [JsonConverter(typeof(EventTimeJsonConverter))]
    public required DateTimeOffset RevokedAt { get; init; }

    /// <summary>Who: the <c>sub</c> of the operator's token.</summary>
    public required string RevokedBy { get; init; }
}
