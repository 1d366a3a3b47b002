using System.Text.Json;
using Realtime.Client.Recovery;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;
using Realtime.Server.EventStore;

namespace Realtime.Tests.Simulation;

/// <summary>A committed event. It knows its predecessor, so an event of another history can never be taken for it.</summary>
sealed class SimEvent(long sequence, DateTimeOffset time, Guid id, SimEvent? previous)
{
    string? _epoch;
    AgentEventEnvelope? _envelope;
    JsonElement _json;

    internal long Sequence => sequence;

    internal DateTimeOffset Time => time;

    internal Guid Id => id;

    internal SimEvent? Previous => previous;

    /// <summary>As it travels; an event that survives a restore gets the new epoch.</summary>
    internal AgentEventEnvelope In(string epoch)
    {
        if (_epoch == epoch) return _envelope!;
        _epoch = epoch;
        _envelope = new AgentEventEnvelope { Type = "sim.event", Id = id, Position = new StreamPosition(epoch, sequence), Time = time };
        _json = JsonSerializer.SerializeToElement(_envelope, RealtimeJsonContext.Default.AgentEventEnvelope);
        return _envelope;
    }

    internal JsonElement JsonIn(string epoch)
    {
        In(epoch);
        return _json;
    }

    public override string ToString() => $"{sequence}@{time:ss.ffffff}#{id.ToString()[..4]}";
}

/// <summary>
/// One user's stream as the store keeps it, with the product's own rules for sequence, time, and what can be continued.
/// A restore brings back an earlier day; what was committed after it stays known here, for the checker.
/// </summary>
sealed class SimStore(SimScheduler scheduler, Mutation mutation)
{
    readonly Dictionary<Guid, SimEvent> _everCommitted = [];
    StreamTail _tail = StreamTail.Empty;
    int _ids;

    /// <summary>The current history, trimmed events too.</summary>
    internal List<SimEvent> Line { get; } = [];

    internal string Epoch { get; private set; } = "a";

    internal long Trimmed { get; private set; }

    internal bool IsAway { get; set; }

    /// <summary>How often history was rewritten.</summary>
    internal int Restores { get; private set; }

    internal StreamPosition Head => new(Epoch, Line.Count);

    internal SimEvent? HeadEvent => Line.Count > 0 ? Line[^1] : null;

    internal DateTimeOffset? TrimmedTime => Trimmed > 0 ? Line[(int)Trimmed - 1].Time : null;

    internal SimEvent? Find(Guid id) => _everCommitted.GetValueOrDefault(id);

    internal bool Holds(SimEvent committed) => committed.Sequence <= Line.Count && Line[(int)committed.Sequence - 1] == committed;

    internal SimEvent Append()
    {
        _tail = _tail.Next(Micros(scheduler.UtcNow));
        var id = new Guid(++_ids * 0x10001, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        var appended = new SimEvent(_tail.Sequence, Time(_tail.LastMicros), id, HeadEvent);
        Line.Add(appended);
        _everCommitted.Add(id, appended);
        return appended;
    }

    internal void TrimTo(long sequence) => Trimmed = Math.Max(Trimmed, Math.Min(sequence, Line.Count));

    internal void RestoreTo(long sequence, bool newEpoch)
    {
        Line.RemoveRange((int)sequence, Line.Count - (int)sequence);
        _tail = Line.Count > 0 ? new StreamTail(sequence, Micros(Line[^1].Time)) : StreamTail.Empty;
        Restores++;
        if (newEpoch) RenewEpoch();
    }

    /// <summary>Every event stays, under new positions.</summary>
    internal void RenewEpoch() => Epoch = ((char)(Epoch[0] + 1)).ToString();

    internal EventsAnswer Answer(EventsQuestion question)
    {
        var bounds = Bounds();
        long from = Trimmed;
        if (question.After is { } after)
        {
            long? seen = question.Time is { } time && mutation != Mutation.NoForkRule ? Micros(time) : null;
            long? stored = after.Sequence > Trimmed && after.Sequence <= Line.Count ? Micros(Line[(int)after.Sequence - 1].Time) : null;
            if (bounds.WhyLost(after, seen, stored) is { } reason) return new EventsAnswer.Lost(reason, bounds.Head, bounds.Oldest);
            from = after.Sequence;
        }
        else if (question.Since is { } since)
        {
            from = bounds.StartOf(Line.Count(e => e.Time <= since));
        }

        var events = Line.Skip((int)from).Take(question.Limit).Select(e => e.In(Epoch)).ToList();
        return new EventsAnswer.Page(PageOf(events, from, bounds.IsTruncated(question.Since is { } s ? Micros(s) : null)));
    }

    internal EventPage PageOf(List<AgentEventEnvelope> events, long from, bool isTruncated)
    {
        var next = events.Count > 0 ? events[^1].Position : Head.At(from);
        var head = mutation == Mutation.FirstPageOnly ? next : Head;
        return new EventPage { Events = events, Next = next, Head = head, Oldest = Bounds().Oldest, HasMore = next.Sequence < head.Sequence, Truncated = isTruncated };
    }

    StreamBounds Bounds() => new()
    {
        Epoch = Epoch,
        HeadSequence = Line.Count,
        TrimmedSequence = Trimmed,
        TrimmedMicros = TrimmedTime is { } time ? Micros(time) : null,
    };

    static long Micros(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks / EventTime.TicksPerMicrosecond;

    static DateTimeOffset Time(long micros) => DateTimeOffset.UnixEpoch.AddTicks(micros * EventTime.TicksPerMicrosecond);
}
