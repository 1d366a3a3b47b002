using Realtime.Contracts;

namespace Realtime.Server.EventStore;

/// <summary>
/// Where a stream begins and ends in one snapshot, and what follows from that for a read: the rules of
/// <c>GET /api/v1/agents/events</c>, the same for every store. The columns of a query carry these names.
/// </summary>
internal class StreamBounds
{
    /// <summary>Greatest sum of data bytes in one page; a single larger event still makes a page.</summary>
    public const int MaxPageBytes = 1024 * 1024;

    public string Epoch { get; init; } = string.Empty;

    /// <summary>Sequence of the newest event; 0 on an empty stream.</summary>
    public long HeadSequence { get; init; }

    /// <summary>Sequence of the newest trimmed event; 0 when nothing was trimmed.</summary>
    public long TrimmedSequence { get; init; }

    /// <summary>Time of the newest trimmed event.</summary>
    public long? TrimmedMicros { get; init; }

    public StreamPosition Head => new(Epoch, HeadSequence);

    public StreamPosition Oldest => new(Epoch, TrimmedSequence + 1);

    /// <summary>Why a stream cannot be continued after a position, or <see langword="null"/>.</summary>
    /// <param name="after">What the reader saw last.</param>
    /// <param name="seenMicros">The time it saw there, when it says so.</param>
    /// <param name="storedMicros">The time of the retained event there; <see langword="null"/> when there is none.</param>
    public HistoryLostReason? WhyLost(StreamPosition after, long? seenMicros, long? storedMicros)
    {
        if (!after.IsSameHistoryAs(Head)) return HistoryLostReason.EpochChanged;
        if (after.Sequence > HeadSequence) return HistoryLostReason.AheadOfHead;
        if (after.Sequence < TrimmedSequence) return HistoryLostReason.Trimmed;

        // The place before the first event has no time to compare.
        if (seenMicros is null || after.Sequence == 0) return null;
        long? known = after.Sequence == TrimmedSequence ? TrimmedMicros : storedMicros;
        return known == seenMicros ? null : HistoryLostReason.Forked;
    }

    public StreamHistoryLost Lost(HistoryLostReason reason) => new(reason, Head, Oldest);

    /// <summary>Where a read by time begins.</summary>
    /// <param name="upToSince">Greatest retained sequence with a time up to <c>since</c>, if any.</param>
    public long StartOf(long? upToSince) => Math.Max(upToSince ?? 0, TrimmedSequence);

    /// <summary>
    /// Whether a read by time asked for events that are trimmed already: the newest trimmed one lies after <paramref name="sinceMicros"/>.
    /// Without a time the question is for what is retained, so nothing is missing from the answer.
    /// </summary>
    public bool IsTruncated(long? sinceMicros) => sinceMicros < TrimmedMicros;

    /// <summary>Where a read backwards begins: at most one past the head.</summary>
    public long StartOfBackwards(StreamPosition? before) => Math.Min(before?.Sequence ?? long.MaxValue, HeadSequence + 1);

    /// <summary>The page in reading order; without events its <c>next</c> is the start of the read.</summary>
    public StreamPage Page(IReadOnlyList<EventRow> rows, long start, bool isTruncated)
    {
        var head = Head;
        var events = new AgentEventEnvelope[rows.Count];
        for (int i = 0; i < events.Length; i++) events[i] = rows[i].ToEnvelope(head);
        return new StreamPage(events, events.Length > 0 ? events[^1].Position : head.At(start), head, Oldest, isTruncated);
    }
}
