using Realtime.Server.EventStore;

namespace Realtime.Server.CommandLine.Verify;

/// <summary>A stream and its ends, read in one snapshot. The columns of a query carry these names.</summary>
internal sealed class StreamRow
{
    public string UserId { get; init; } = string.Empty;

    public long Head { get; init; }

    public long? LastMicros { get; init; }

    public long Trimmed { get; init; }

    public long? TrimmedMicros { get; init; }

    /// <summary>Time of the event that the head names.</summary>
    public long? HeadMicros { get; init; }

    /// <summary>Greatest sequence among the events themselves.</summary>
    public long? Newest { get; init; }

    /// <summary>Greatest sequence of a server-kept cursor of this epoch.</summary>
    public long? Cursor { get; init; }

    /// <summary>Whose cursor that is.</summary>
    public string? Consumer { get; init; }
}

/// <summary>An event and what its own id leads to.</summary>
/// <param name="Sequence">Its number.</param>
/// <param name="Id">As stored.</param>
/// <param name="Type">As stored.</param>
/// <param name="Micros">Its time.</param>
/// <param name="Data">Its bytes.</param>
/// <param name="Size">How many bytes were stored.</param>
/// <param name="SequenceOfId">The first event that its id finds; <see langword="null"/>: none.</param>
/// <param name="EventsOfId">How many it finds.</param>
internal readonly record struct ScannedEvent(long Sequence, string Id, string Type, long Micros, byte[] Data, long Size, long? SequenceOfId, long EventsOfId)
{
    internal string TimeText => Contracts.EventTime.Format(StoreTime.FromMicros(Micros));
}
