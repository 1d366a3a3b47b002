using Realtime.Contracts;
using Realtime.Contracts.Rest;

namespace Realtime.Client.Ordering;

/// <summary>What a head that was heard means.</summary>
internal enum HeadVerdict
{
    /// <summary>Nothing new.</summary>
    Known,

    /// <summary>Events exist that were not processed.</summary>
    Ahead,

    /// <summary>It ends before the last event: it is old, or history was cut.</summary>
    Below,

    /// <summary>It is of another epoch.</summary>
    Foreign,
}

/// <summary>What is left to do after a page.</summary>
internal enum PageVerdict
{
    /// <summary>Everything heard of has been processed.</summary>
    CaughtUp,

    /// <summary>The server has more.</summary>
    More,

    /// <summary>The server does not show what was heard of.</summary>
    Unconfirmed,

    /// <summary>The server has not shown it for so long that it is no longer believed.</summary>
    Dropped,
}

/// <summary>
/// What is known of a stream beyond the last event processed: pushed events that wait for an earlier one, the highest position
/// heard of, and whether something heard contradicts the history seen so far. Decides which event comes next; pure, not thread-safe.
/// </summary>
internal sealed class StreamMerge(int capacity)
{
    /// <summary>So many answers of the server, each to a question asked after a position was heard of, disprove it.</summary>
    public const int DisprovedBy = 3;

    private readonly HeldEvents _held = new(capacity);
    private StreamPosition? _target;

    /// <summary>Only the server can tell whether the history still stands; until it has, no pushed event is the next one.</summary>
    public bool IsInDoubt { get; private set; }

    /// <summary>Answers in a row that did not show what was heard of.</summary>
    public int Unconfirmed { get; private set; }

    /// <summary>The highest position heard of.</summary>
    public StreamPosition? Target => _target;

    /// <summary>Whether events were heard of that have not been processed.</summary>
    public bool IsBehind(StreamCursor last) => _target is { } target && target.Sequence > last.Position.Sequence;

    /// <summary>Something was lost on the way, or contradicts what was seen: the server must be asked first.</summary>
    public void Doubt() => IsInDoubt = true;

    /// <summary>Takes a pushed event; keeps it when it may come next or later.</summary>
    public GateDecision Push(StreamCursor last, AgentEventEnvelope pushed)
    {
        if (!pushed.Position.IsSameHistoryAs(last.Position)) return GateDecision.Foreign;
        var decision = SequenceGate.Offer(last.Position.Sequence, last.Time, pushed.Position.Sequence, pushed.Time);
        if (decision is GateDecision.Deliver or GateDecision.Gap)
        {
            Raise(pushed.Position);
            if (_held.TryAdd(pushed)) return decision;
            _held.Clear(); // two events with one number
            decision = GateDecision.Rewritten;
        }

        if (decision == GateDecision.Rewritten) Doubt();
        return decision;
    }

    /// <summary>Takes a head that was heard.</summary>
    public HeadVerdict Hear(StreamCursor last, StreamPosition head)
    {
        if (!head.IsSameHistoryAs(last.Position)) return HeadVerdict.Foreign;
        if (head.Sequence < last.Position.Sequence) return HeadVerdict.Below;
        if (head.Sequence == last.Position.Sequence) return HeadVerdict.Known;
        Raise(head);
        return HeadVerdict.Ahead;
    }

    /// <summary>Takes the next event, if it is here and nothing speaks against it.</summary>
    /// <returns>
    /// <see cref="GateDecision.Deliver"/> with the event; <see cref="GateDecision.Stale"/> when the one that waited here belongs to a
    /// history that is gone: all that waited is then forgotten; otherwise <see cref="GateDecision.Gap"/>.
    /// </returns>
    public GateDecision TakeNext(StreamCursor last, out AgentEventEnvelope? next)
    {
        next = null;
        if (IsInDoubt || !_held.TryTakeNext(last.Position.Sequence, out next)) return GateDecision.Gap;
        var decision = SequenceGate.Offer(last.Position.Sequence, last.Time, next.Position.Sequence, next.Time);
        if (decision == GateDecision.Deliver) return decision;

        _held.Clear();
        next = null;
        return decision;
    }

    /// <summary>Checks a page, which is handed over as a whole or not at all.</summary>
    /// <param name="last">The last event processed. Its own time counts, not a time that was only asked for: the server decides what follows.</param>
    /// <param name="page">The answer to a question for what comes after it.</param>
    /// <param name="next">The events to hand over.</param>
    /// <returns>What is wrong with the page; <see langword="null"/> when nothing is.</returns>
    public static string? FaultOf(StreamCursor last, EventPage page, out IReadOnlyList<AgentEventEnvelope> next)
    {
        var fresh = new List<AgentEventEnvelope>(page.Events.Count);
        next = fresh;
        var (sequence, time) = (last.Position.Sequence, last.EventTime);
        foreach (var read in page.Events)
        {
            if (!read.Position.IsSameHistoryAs(last.Position)) return $"The server's page after {last.Position} goes on with {read.Position}.";
            var decision = SequenceGate.Offer(sequence, time, read.Position.Sequence, read.Time);
            if (decision == GateDecision.Duplicate) continue;
            if (decision != GateDecision.Deliver)
                return $"The server's page goes on with {read.Position} after {last.Position.At(sequence)}{(decision == GateDecision.Gap ? "" : ", against their times")}.";
            fresh.Add(read);
            (sequence, time) = (read.Position.Sequence, read.Time);
        }

        return null;
    }

    /// <summary>A page has been handed over; its answer counts as the truth.</summary>
    public PageVerdict Finish(StreamCursor last, EventPage page)
    {
        IsInDoubt = false;
        _held.DropUpTo(last.Position.Sequence);
        if (page.Head.IsSameHistoryAs(last.Position)) Raise(page.Head);
        if (!IsBehind(last))
        {
            Unconfirmed = 0;
            return PageVerdict.CaughtUp;
        }

        if (page.Head.Sequence > last.Position.Sequence) return PageVerdict.More;
        if (++Unconfirmed < DisprovedBy) return PageVerdict.Unconfirmed;
        Forget();
        return PageVerdict.Dropped;
    }

    /// <summary>Forgets everything that was heard.</summary>
    public void Forget()
    {
        _held.Clear();
        _target = null;
        IsInDoubt = false;
        Unconfirmed = 0;
    }

    private void Raise(StreamPosition heard)
    {
        if (_target is { } target && target.Sequence >= heard.Sequence) return;
        _target = heard;
        Unconfirmed = 0;
    }
}
