using System.Text.Json.Serialization;
using Realtime.Contracts.Serialization;

namespace Realtime.Contracts.Rest;

/// <summary>Body of <c>POST /api/v1/admin/revocations</c>: either <see cref="Jti"/> or <see cref="UserId"/>. Members that it does not know are refused.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RevocationRequest
{
    /// <summary>Revokes the token with this <c>jti</c>; 1 to 256 characters. Never the token itself.</summary>
    public string? Jti { get; init; }

    /// <summary>Revokes the tokens of this user that were issued before <see cref="IssuedBefore"/>, and those that do not say when they were.</summary>
    public string? UserId { get; init; }

    /// <summary>With <see cref="Jti"/>: the token's <c>exp</c>, after which the revocation may be forgotten. Absent: it is kept until it is taken back.</summary>
    [JsonConverter(typeof(NullableEventTimeJsonConverter))]
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>With <see cref="UserId"/>: at most 5 minutes in the future. Absent: now, by the store's clock.</summary>
    [JsonConverter(typeof(NullableEventTimeJsonConverter))]
    public DateTimeOffset? IssuedBefore { get; init; }

    /// <summary>Why; at most 500 characters.</summary>
    public string? Reason { get; init; }
}
