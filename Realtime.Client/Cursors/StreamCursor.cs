using Realtime.Contracts;

namespace Realtime.Client;

/// <summary>Up to where a user's stream has been processed. It says whose and which server's stream it means, so it cannot be taken for another's.</summary>
public sealed record StreamCursor
{
    /// <summary>The server, as an absolute URL without a slash at the end.</summary>
    public required string ServerUrl { get; init; }

    /// <summary>The user.</summary>
    public required string UserId { get; init; }

    /// <summary>The last position that has been processed; sequence 0 before the first event.</summary>
    public required StreamPosition Position { get; init; }

    /// <summary>Identity of the event at <see cref="Position"/>; absent when no event has been processed there.</summary>
    public Guid? Id { get; init; }

    /// <summary>
    /// Time of the event at <see cref="Position"/>. Without <see cref="Id"/> it is the time from which the stream is wanted.
    /// It lets the server notice a rewritten history.
    /// </summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>Time of the event itself, known only when an event was seen at the position.</summary>
    internal DateTimeOffset? EventTime => Id is null ? null : Time;
}
