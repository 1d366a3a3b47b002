using Realtime.Contracts;

namespace Realtime.Server.EventStore;

/// <summary>What reading a stream gave: a <see cref="StreamPage"/>, or <see cref="StreamHistoryLost"/>.</summary>
public abstract record StreamRead;

/// <summary>Events and the stream's bounds, read in one snapshot.</summary>
/// <param name="Events">The events in reading order.</param>
/// <param name="Next">
/// Reading forwards: the last event returned; if none, the greatest sequence with a time up to <c>since</c>, or <c>after</c> itself.
/// Reading backwards: the last (oldest) event returned; if none, the start of the read.
/// </param>
/// <param name="Head">Position of the newest committed event; sequence 0 on an empty stream.</param>
/// <param name="Oldest">Position of the oldest retained event; head + 1 when nothing is retained.</param>
/// <param name="IsTruncated">Whether the question covered events that are trimmed already.</param>
public sealed record StreamPage(
    IReadOnlyList<AgentEventEnvelope> Events, StreamPosition Next, StreamPosition Head, StreamPosition Oldest, bool IsTruncated) : StreamRead
{
    /// <summary>Whether a forward read has more to come.</summary>
    public bool HasMore => Next.Sequence < Head.Sequence;
}

/// <summary>The stream cannot be continued from the position asked for.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Head">Position of the newest committed event.</param>
/// <param name="Oldest">Position of the oldest retained event.</param>
public sealed record StreamHistoryLost(HistoryLostReason Reason, StreamPosition Head, StreamPosition Oldest) : StreamRead;
