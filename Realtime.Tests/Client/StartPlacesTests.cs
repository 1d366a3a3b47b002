using Realtime.Client;
using Realtime.Client.Recovery;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Tests.Support;

namespace Realtime.Tests.Client;

/// <summary>Where a client begins that starts at the head.</summary>
public sealed class StartPlacesTests
{
    static readonly StreamPosition Head = new("k", 5);
    static readonly AgentEventEnvelope AtHead = new() { Type = "t", Id = Guid.NewGuid(), Position = Head, Time = DateTimeOffset.UnixEpoch };

    [Test]
    public async Task Head_is_taken_with_id_and_time_of_its_event()
    {
        var place = await StartPlaces.FindAsync(new Answers(Page(Head), Page(Head, AtHead)), StartKind.Head, CancellationToken.None).WithinDeadline();

        place.Should().Be(new StartPlace(Head, AtHead.Id, AtHead.Time));
    }

    [Test]
    public async Task Head_of_an_epoch_that_is_renewed_meanwhile_is_no_place_to_start_from()
    {
        var renewed = new EventsAnswer.Lost(HistoryLostReason.EpochChanged, new StreamPosition("m", 5), new StreamPosition("m", 1));

        await FluentActions.Awaiting(() => StartPlaces.FindAsync(new Answers(Page(Head), renewed), StartKind.Head, CancellationToken.None).WithinDeadline())
            .Should().ThrowAsync<RealtimeException>("it is asked for again; without a time the next loss would repeat what was handed over");
    }

    [Test]
    public async Task Stream_that_retains_nothing_begins_at_its_bare_head()
    {
        var empty = new EventsAnswer.Page(new EventPage { Events = [], Next = Head, Head = Head, Oldest = Head.At(6), HasMore = false, Truncated = false });

        var place = await StartPlaces.FindAsync(new Answers(empty), StartKind.Head, CancellationToken.None).WithinDeadline();

        place.Should().Be(new StartPlace(Head));
    }

    static EventsAnswer Page(StreamPosition head, params AgentEventEnvelope[] events) =>
        new EventsAnswer.Page(new EventPage { Events = events, Next = head, Head = head, Oldest = head.At(1), HasMore = false, Truncated = false });

    sealed class Answers(params EventsAnswer[] answers) : IMissedEvents
    {
        int _given;

        public ValueTask<EventsAnswer> AskAsync(EventsQuestion question, CancellationToken cancellationToken) => new(answers[_given++]);
    }
}
