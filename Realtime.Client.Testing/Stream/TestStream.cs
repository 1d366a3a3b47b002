using Realtime.Contracts;
using Realtime.Contracts.Rest;

namespace Realtime.Client.Testing.Stream;

/// <summary>One user's events, brake and cursors in memory, by the rules of the wire contract. Guarded by the lock of <see cref="TestStore"/>.</summary>
internal sealed class TestStream
{
    private const int MaxPageBytes = 1024 * 1024;

    private readonly Dictionary<Guid, AgentEventEnvelope> _byId = [];
    private readonly SortedDictionary<string, ConsumerCursor> _cursors = new(StringComparer.Ordinal);
    private List<AgentEventEnvelope> _events = [];
    private long _trimmed;
    private DateTimeOffset? _trimmedTime;
    private DateTimeOffset _lastTime = DateTimeOffset.MinValue;

    public BrakeState Brake { get; set; } = new() { Engaged = false };

    public IReadOnlyList<AgentEventEnvelope> Events => [.. _events];

    private long HeadSequence => _trimmed + _events.Count;

    public StreamPosition Head(string epoch) => new(epoch, HeadSequence);

    public StreamPosition Oldest(string epoch) => new(epoch, _trimmed + 1);

    /// <summary>Appends, or finds the event that has the id already.</summary>
    public (AgentEventEnvelope Event, bool IsDuplicate) Append(string epoch, DateTimeOffset now, string type, Guid id, EventData data)
    {
        if (_byId.TryGetValue(id, out var known)) return (known, true);

        var envelope = new AgentEventEnvelope { Type = type, Id = id, Position = new StreamPosition(epoch, HeadSequence + 1), Time = NextTime(now), Data = data };
        _events.Add(envelope);
        _byId.Add(id, envelope);
        return (envelope, false);
    }

    public Loss? WhyLost(string epoch, StreamPosition after, DateTimeOffset? seen)
    {
        HistoryLostReason? reason =
            !after.IsSameHistoryAs(Head(epoch)) ? HistoryLostReason.EpochChanged
            : after.Sequence > HeadSequence ? HistoryLostReason.AheadOfHead
            : after.Sequence < _trimmed ? HistoryLostReason.Trimmed
            : seen is not null && after.Sequence > 0 && TimeAt(after.Sequence) != seen ? HistoryLostReason.Forked
            : null;
        return reason is { } why ? new Loss(why, Head(epoch), Oldest(epoch)) : null;
    }

    public EventPage PageAfter(string epoch, long after, int limit) => Page(epoch, after, limit, isTruncated: false);

    public EventPage PageSince(string epoch, DateTimeOffset? since, int limit)
    {
        long start = _trimmed + (since is null ? 0 : _events.Count(e => e.Time <= since));
        return Page(epoch, start, limit, isTruncated: since < _trimmedTime);
    }

    public ActivityPage PageBefore(long? before, int limit)
    {
        var events = TakePage(_events.Where(e => before is null || e.Position.Sequence < before).Reverse(), limit);
        bool hasMore = events.Count > 0 && events[^1].Position.Sequence > _trimmed + 1;
        return new ActivityPage { Events = events, Next = hasMore ? events[^1].Position : null, HasMore = hasMore };
    }

    public IReadOnlyList<ConsumerCursor> Cursors(string epoch) => [.. _cursors.Values.Select(c => WithLag(c, epoch))];

    /// <summary>Moves a cursor forward; <see langword="null"/> when the user has too many.</summary>
    public ConsumerCursor? MoveCursor(string epoch, string consumer, StreamPosition position, DateTimeOffset now, int most)
    {
        bool isKnown = _cursors.TryGetValue(consumer, out var known);
        if (isKnown && known!.Position.IsSameHistoryAs(position) && known.Position.Sequence >= position.Sequence) return WithLag(known, epoch);
        if (!isKnown && _cursors.Count >= most) return null;
        return WithLag(_cursors[consumer] = new ConsumerCursor { Consumer = consumer, Position = position, Lag = 0, UpdatedAt = EventTime.TruncateToMicrosecond(now) }, epoch);
    }

    public void DeleteCursor(string consumer) => _cursors.Remove(consumer);

    /// <summary>One more event, which with all before it is gone at once: whoever stood at the head is behind the oldest.</summary>
    public void TrimPastHead(DateTimeOffset now)
    {
        _trimmed = HeadSequence + 1;
        _trimmedTime = NextTime(now);
        _events = [];
        _byId.Clear();
    }

    /// <summary>The same events under another epoch.</summary>
    public void ChangeEpoch(string epoch) => Replace([.. _events.Select(e => e with { Position = new StreamPosition(epoch, e.Position.Sequence) })]);

    /// <summary>Forgets the newest event.</summary>
    public bool ForgetNewest()
    {
        if (_events.Count == 0) return false;
        Replace(_events[..^1]);
        return true;
    }

    /// <summary>Puts another event, with a later time, in the place of the newest.</summary>
    public AgentEventEnvelope? RewriteNewest(DateTimeOffset now)
    {
        if (_events.Count == 0) return null;
        var rewritten = _events[^1] with { Id = Guid.CreateVersion7(now), Time = NextTime(now) };
        Replace([.. _events[..^1], rewritten]);
        return rewritten;
    }

    private void Replace(List<AgentEventEnvelope> events)
    {
        _events = events;
        _byId.Clear();
        foreach (var e in events) _byId.Add(e.Id, e);
    }

    private DateTimeOffset? TimeAt(long sequence) => sequence == _trimmed ? _trimmedTime : _events[(int)(sequence - _trimmed) - 1].Time;

    /// <summary>Strictly increasing, whatever the clock does.</summary>
    private DateTimeOffset NextTime(DateTimeOffset now)
    {
        now = EventTime.TruncateToMicrosecond(now);
        return _lastTime = now > _lastTime ? now : _lastTime.AddTicks(EventTime.TicksPerMicrosecond);
    }

    private ConsumerCursor WithLag(ConsumerCursor cursor, string epoch) =>
        cursor with { Lag = cursor.Position.Epoch == epoch ? Math.Max(0, HeadSequence - cursor.Position.Sequence) : HeadSequence };

    private EventPage Page(string epoch, long after, int limit, bool isTruncated)
    {
        var events = TakePage(_events.Where(e => e.Position.Sequence > after), limit);
        var next = events.Count > 0 ? events[^1].Position : new StreamPosition(epoch, after);
        return new EventPage
        {
            Events = events,
            Next = next,
            Head = Head(epoch),
            Oldest = Oldest(epoch),
            HasMore = next.Sequence < HeadSequence,
            Truncated = isTruncated,
        };
    }

    private static List<AgentEventEnvelope> TakePage(IEnumerable<AgentEventEnvelope> events, int limit)
    {
        var page = new List<AgentEventEnvelope>();
        long bytes = 0;
        foreach (var e in events)
        {
            bytes += e.Data.Utf8.Length;
            if (page.Count == limit || (page.Count > 0 && bytes > MaxPageBytes)) break;
            page.Add(e);
        }

        return page;
    }
}
