using System.Text.Json.Serialization;
using Realtime.Contracts.Serialization;

namespace Realtime.Contracts.Rest;

/// <summary>State of a user's emergency brake. Never set: not engaged, all else absent.</summary>
public sealed record BrakeState
{
    /// <summary>Whether agents must halt before their next step.</summary>
    public required bool Engaged { get; init; }

    /// <summary>Why, in the words of who changed it.</summary>
    public string? Reason { get; init; }

    /// <summary>When it was changed, by the store's clock.</summary>
    [JsonConverter(typeof(NullableEventTimeJsonConverter))]
    public DateTimeOffset? ChangedAt { get; init; }

    /// <summary>Who changed it.</summary>
    public string? ChangedBy { get; init; }
}
