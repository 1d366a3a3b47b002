using System.Text.Json.Serialization;

namespace Realtime.Contracts;

/// <summary>Why a stream cannot be continued from a position.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<HistoryLostReason>))]
public enum HistoryLostReason
{
    /// <summary>The position belongs to another history: the database was restored or replaced.</summary>
    [JsonStringEnumMemberName("epoch_changed")]
    EpochChanged,

    /// <summary>The position lies beyond the newest event: the store has forgotten events.</summary>
    [JsonStringEnumMemberName("ahead_of_head")]
    AheadOfHead,

    /// <summary>The events after the position are no longer retained.</summary>
    [JsonStringEnumMemberName("trimmed")]
    Trimmed,

    /// <summary>The event at the position is not the one that was seen: history was rewritten.</summary>
    [JsonStringEnumMemberName("forked")]
    Forked,
}
