using System.Globalization;
using Microsoft.AspNetCore.Http;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;

namespace Realtime.Tests.Support;

/// <summary>One user's stream in memory, answering questions as the contract says. Thread-safe.</summary>
sealed class FakeStream
{
    static readonly DateTimeOffset Begin = new(2026, 11, 23, 3, 0, 0, TimeSpan.Zero);

    readonly object _lock = new();
    List<AgentEventEnvelope> _events = [];
    string _epoch = "fake";
    long _trimmed;
    long _ticks;

    /// <summary>Most events in one page, whatever is asked for.</summary>
    internal int PageLimit { get; set; } = 500;

    /// <summary>What the endpoint claims the head to be; a stale replica for instance.</summary>
    internal StreamPosition? ClaimedHead { get; set; }

    internal StreamPosition Head
    {
        get { lock (_lock) return new StreamPosition(_epoch, _trimmed + _events.Count); }
    }

    internal AgentEventEnvelope Append(string? data = null, string type = BriefingDelivered.TypeName)
    {
        lock (_lock)
        {
            long sequence = _trimmed + _events.Count + 1;
            data ??= string.Create(CultureInfo.InvariantCulture, $$"""{"briefingId":"b{{sequence}}","title":"T","channel":"email","itemCount":{{sequence}}}""");
            var envelope = new AgentEventEnvelope
            {
                Type = type,
                Id = Guid.CreateVersion7(),
                Position = new StreamPosition(_epoch, sequence),
                Time = Begin.AddTicks(++_ticks * EventTime.TicksPerMicrosecond),
                Data = EventData.Parse(data),
            };
            _events.Add(envelope);
            return envelope;
        }
    }

    internal IReadOnlyList<AgentEventEnvelope> Append(int count) => [.. Enumerable.Range(0, count).Select(_ => Append())];

    /// <summary>Forgets the oldest events, up to and including a sequence.</summary>
    internal void TrimTo(long sequence)
    {
        lock (_lock)
        {
            _events = [.. _events.Where(e => e.Position.Sequence > sequence)];
            _trimmed = sequence;
        }
    }

    /// <summary>Brings back an earlier day: forgets the newest events, and takes a new epoch when the operator declares it.</summary>
    internal void RestoreTo(long sequence, string? newEpoch = null)
    {
        lock (_lock)
        {
            _epoch = newEpoch ?? _epoch;
            _events = [.. _events.Where(e => e.Position.Sequence <= sequence).Select(e => e with { Position = new StreamPosition(_epoch, e.Position.Sequence) })];
        }
    }

    internal IResult Answer(IQueryCollection query)
    {
        lock (_lock)
        {
            var head = ClaimedHead ?? new StreamPosition(_epoch, _trimmed + _events.Count);
            var oldest = new StreamPosition(_epoch, _trimmed + 1);
            long from = _trimmed;
            if (StreamPosition.TryParse(query["after"], out var after))
            {
                if (WhyLost(after, head, query["time"]) is { } reason)
                    return Results.Json(new { type = ProblemTypes.HistoryLost, title = "History lost", reason, head = head.ToString(), oldest = oldest.ToString() }, statusCode: 410);
                from = after.Sequence;
            }
            else if (EventTime.TryParse(query["since"], out var since))
            {
                from = _trimmed + _events.Count(e => e.Time <= since);
            }

            int limit = Math.Min(PageLimit, int.Parse(query["limit"]!, CultureInfo.InvariantCulture));
            var events = _events.Where(e => e.Position.Sequence > from && e.Position.Sequence <= head.Sequence).Take(limit).ToList();
            var next = events.Count > 0 ? events[^1].Position : head.At(from);
            var page = new EventPage { Events = events, Next = next, Head = head, Oldest = oldest, HasMore = next.Sequence < head.Sequence, Truncated = false };
            return Results.Json(page, RealtimeJsonContext.Default.EventPage);
        }
    }

    string? WhyLost(StreamPosition after, StreamPosition head, string? time)
    {
        if (!after.IsSameHistoryAs(head)) return "epoch_changed";
        if (after.Sequence > head.Sequence) return "ahead_of_head";
        if (after.Sequence < _trimmed) return "trimmed";
        bool isKnown = EventTime.TryParse(time, out var seen) && after.Sequence > _trimmed;
        return isKnown && _events[(int)(after.Sequence - _trimmed) - 1].Time != seen ? "forked" : null;
    }
}
