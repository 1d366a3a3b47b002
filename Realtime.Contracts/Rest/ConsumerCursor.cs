using System.Text.Json.Serialization;
using Realtime.Contracts.Serialization;

namespace Realtime.Contracts.Rest;

/// <summary>A cursor that the server keeps for a consumer which has no disk of its own.</summary>
public sealed record ConsumerCursor
{
    /// <summary>Greatest length of a consumer's name.</summary>
    public const int MaxConsumerLength = 64;

    /// <summary>Name of the consumer: 1 to 64 of letters, digits and <c>_ . -</c>.</summary>
    public required string Consumer { get; init; }

    /// <summary>What it has processed.</summary>
    public required StreamPosition Position { get; init; }

    /// <summary>Number of events after the position.</summary>
    public required long Lag { get; init; }

    /// <summary>When the cursor last moved, by the store's clock.</summary>
    [JsonConverter(typeof(EventTimeJsonConverter))]
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Whether the text may name a consumer.</summary>
    /// <param name="text">The candidate.</param>
    public static bool IsValidName(string? text)
    {
        if (text is null || text.Length is < 1 or > MaxConsumerLength) return false;
        foreach (char c in text)
        {
            if (c is not ((>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9') or '_' or '.' or '-')) return false;
        }

        return true;
    }
}
