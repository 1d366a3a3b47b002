namespace Realtime.Server.CommandLine.Verify;

/// <summary>What is wrong with a store. The names are stable, for programs.</summary>
internal enum FaultKind
{
    /// <summary>Events are missing between the oldest retained one and the head.</summary>
    Gap,

    /// <summary>A sequence comes twice, or not in order.</summary>
    Order,

    /// <summary>The counter of a stream disagrees with its newest event.</summary>
    Head,

    /// <summary>A time is not later than the one before, or the stream's last time is not its newest event's.</summary>
    Time,

    /// <summary>What is noted of trimmed events contradicts the stream.</summary>
    Trim,

    /// <summary>An id is no UUID, comes twice, or is not found by the look-up that keeps publishes from being stored twice.</summary>
    Id,

    /// <summary>The type is no name of a type.</summary>
    Type,

    /// <summary>Data is not one JSON value in UTF-8 that clients can read, or not as long as it was when it was stored.</summary>
    Data,

    /// <summary>A stream or its events carry no user id.</summary>
    User,

    /// <summary>There are events without the stream that counts them.</summary>
    Stream,

    /// <summary>A server-kept cursor is ahead of the stream's head.</summary>
    Cursor,

    /// <summary>The epoch is missing, malformed, or changed while the store was read.</summary>
    Epoch,

    /// <summary>The index that makes sequences or ids unique is missing or not valid.</summary>
    Index,

    /// <summary>The database cannot read what it stores.</summary>
    Unreadable,
}

/// <summary>One fault.</summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="User">Whose stream, if it is one's.</param>
/// <param name="Sequence">Where, if at one event.</param>
/// <param name="What">In words.</param>
internal sealed record StoreFault(FaultKind Kind, string? User, long? Sequence, string What);
