using System.Globalization;
using Realtime.Contracts;
using Realtime.Server.EventStore;
using Realtime.Tests.Support;
using static Realtime.Tests.Specifications.EventStoreTestEvents;

namespace Realtime.Tests.Specifications;

/// <summary>What reading from any event store promises: pages, bounds, and when a position cannot be continued.</summary>
internal abstract class EventStoreReadSpecification
{
    private protected EventStoresUnderTest Stores { get; private set; } = null!;

    private protected IEventStore Store => Stores.Events;

    private protected abstract Task<EventStoresUnderTest> CreateAsync();

    [OneTimeSetUp]
    public async Task Open()
    {
        Stores = await CreateAsync();
        await Store.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
    }

    [OneTimeTearDown]
    public async Task Close()
    {
        if (Stores is not null) await Stores.DisposeAsync();
    }

    [Test]
    public async Task An_empty_stream_has_head_zero_and_oldest_one()
    {
        var page = await Store.SinceAsync(NewUser());

        page.Events.Should().BeEmpty();
        (page.Head.Sequence, page.Oldest.Sequence, page.Next.Sequence).Should().Be((0, 1, 0));
        (page.HasMore, page.IsTruncated).Should().Be((false, false));
        (await Store.AfterAsync(NewUser(), page.Head)).Should().BeOfType<StreamPage>().Which.Next.Should().Be(page.Head);
        (await Store.BeforeAsync(NewUser())).Should().BeOfType<StreamPage>().Which.Events.Should().BeEmpty();
    }

    [Test]
    public async Task After_is_exclusive_and_pages_join_without_a_seam()
    {
        string user = NewUser();
        var appended = await Store.FillAsync(user, 25);

        var first = (StreamPage)await Store.AfterAsync(user, appended[4].Position, appended[4].Time, limit: 10);
        var second = (StreamPage)await Store.AfterAsync(user, first.Next, limit: 10);
        var end = (StreamPage)await Store.AfterAsync(user, second.Next, limit: 10);

        Sequences(first).Should().Equal(Range(6, 15));
        Sequences(second).Should().Equal(Range(16, 25));
        end.Events.Should().BeEmpty();
        (first.HasMore, second.HasMore, end.HasMore).Should().Be((true, false, false));
        (first.Next.Sequence, end.Next.Sequence, end.Head.Sequence).Should().Be((15, 25, 25));
    }

    [Test]
    public async Task A_trace_context_is_read_on_every_way_and_an_event_without_one_has_none()
    {
        string user = NewUser();
        string trace = $"00-{new string('a', 32)}-{new string('b', 16)}-01";
        var appended = await Store.AppendAsync(Event(user), Event(user) with { Traceparent = trace }, Event(user));
        var start = appended[0].Position.At(0);

        var ways = new List<IEnumerable<AgentEventEnvelope>>
        {
            ((StreamPage)await Store.AfterAsync(user, start)).Events,
            (await Store.SinceAsync(user)).Events,
            ((StreamPage)await Store.BeforeAsync(user)).Events.Reverse(),
        };
        if (Store is IManyStreams many) ways.Add(((StreamPage)(await many.ReadManyAfterAsync([new StreamQuestion(user, start, null, 10)], 1 << 20, CancellationToken.None).WithinDeadline(Patience))[0]!).Events);

        foreach (var events in ways) events.Select(e => e.Traceparent).Should().Equal(null, trace, null);
    }

    [Test]
    public async Task Since_the_time_of_any_event_begins_exactly_behind_it()
    {
        string user = NewUser();
        var appended = await Store.FillAsync(user, 20);

        foreach (var seen in appended)
        {
            var page = await Store.SinceAsync(user, seen.Time);
            Sequences(page).Should().Equal(Range((int)seen.Position.Sequence + 1, 20));
            page.Next.Sequence.Should().Be(20);
        }
    }

    [Test]
    public async Task Since_a_time_before_the_first_event_gives_all_and_after_the_last_gives_none_with_next_at_the_head()
    {
        string user = NewUser();
        var appended = await Store.FillAsync(user, 3);

        var all = await Store.SinceAsync(user, appended[0].Time.AddMicroseconds(-1));
        var none = await Store.SinceAsync(user, appended[2].Time.AddDays(1));

        Sequences(all).Should().Equal(1, 2, 3);
        all.IsTruncated.Should().BeFalse();
        none.Events.Should().BeEmpty();
        none.Next.Should().Be(appended[2].Position);
        none.HasMore.Should().BeFalse();
    }

    [TestCase("0001-01-01T00:00:00Z", 3)]
    [TestCase("9999-12-31T23:59:59.999999Z", 0)]
    public async Task Since_takes_any_time_there_is(string time, int events)
    {
        string user = NewUser();
        await Store.FillAsync(user, 3);

        (await Store.SinceAsync(user, DateTimeOffset.Parse(time, CultureInfo.InvariantCulture))).Events.Should().HaveCount(events);
    }

    [Test]
    public async Task A_page_ends_at_one_mebibyte_but_holds_at_least_one_event()
    {
        string user = NewUser();
        string large = $"\"{new string('x', 400_000)}\"", huge = $"\"{new string('y', 1_500_000)}\"";
        foreach (string data in new[] { large, large, large, huge, large }) await Store.AppendAsync(Event(user, data));

        var pages = new List<StreamPage> { await Store.SinceAsync(user) };
        while (pages[^1].HasMore) pages.Add((StreamPage)await Store.AfterAsync(user, pages[^1].Next));
        var backwards = (StreamPage)await Store.BeforeAsync(user);

        pages.Select(page => string.Join(',', Sequences(page))).Should().Equal("1,2", "3", "4", "5");
        Sequences(backwards).Should().Equal(5);
    }

    [Test]
    public async Task Backwards_is_newest_first_and_before_is_exclusive()
    {
        string user = NewUser();
        var appended = await Store.FillAsync(user, 7);

        var newest = (StreamPage)await Store.BeforeAsync(user, limit: 3);
        var older = (StreamPage)await Store.BeforeAsync(user, newest.Next, limit: 3);
        var oldest = (StreamPage)await Store.BeforeAsync(user, older.Next, limit: 3);
        var none = (StreamPage)await Store.BeforeAsync(user, oldest.Next);
        var beyond = (StreamPage)await Store.BeforeAsync(user, appended[0].Position.At(1000), limit: 1);

        Sequences(newest).Should().Equal(7, 6, 5);
        Sequences(older).Should().Equal(4, 3, 2);
        Sequences(oldest).Should().Equal(1);
        none.Events.Should().BeEmpty();
        none.Next.Should().Be(none.Oldest);
        Sequences(beyond).Should().Equal(7);
    }

    [Test]
    public async Task Heads_of_many_streams_come_in_one_answer()
    {
        string[] users = [.. Enumerable.Range(0, 1200).Select(_ => NewUser())];
        await Store.FillAsync(users[0], 3);
        await Store.FillAsync(users[1100], 2);

        var heads = await Store.ReadHeadsAsync([.. users, users[0]], CancellationToken.None).WithinDeadline(Patience);

        heads.Should().HaveCount(users.Length);
        (heads[users[0]].Sequence, heads[users[1100]].Sequence, heads[users[1]].Sequence).Should().Be((3, 2, 0));
        (await Store.ReadHeadsAsync([], CancellationToken.None).WithinDeadline(Patience)).Should().BeEmpty();
    }

    [Test]
    public async Task Another_epoch_cannot_be_continued()
    {
        string user = NewUser();
        await Store.FillAsync(user, 3);

        Lost(await Store.AfterAsync(user, new StreamPosition("other", 1))).Should().Be((HistoryLostReason.EpochChanged, 3, 1));
        Lost(await Store.BeforeAsync(user, new StreamPosition("other", 1))).Should().Be((HistoryLostReason.EpochChanged, 3, 1));
    }

    [Test]
    public async Task Ahead_of_the_head_cannot_be_continued()
    {
        string user = NewUser();
        var appended = await Store.FillAsync(user, 3);

        Lost(await Store.AfterAsync(user, appended[2].Position.At(4))).Should().Be((HistoryLostReason.AheadOfHead, 3, 1));
        Lost(await Store.AfterAsync(NewUser(), appended[0].Position)).Should().Be((HistoryLostReason.AheadOfHead, 0, 1));
    }

    [Test]
    public async Task Another_time_at_the_position_means_a_fork()
    {
        string user = NewUser();
        var appended = await Store.FillAsync(user, 3);
        var (position, time, _) = appended[1];

        Lost(await Store.AfterAsync(user, position, time.AddMicroseconds(1))).Should().Be((HistoryLostReason.Forked, 3, 1));
        (await Store.AfterAsync(user, position, time)).Should().BeOfType<StreamPage>();
        (await Store.AfterAsync(user, position.At(0), time)).Should().BeOfType<StreamPage>("the place before the first event has no time");
    }

    [Test]
    public async Task After_a_trim_the_oldest_moves_the_head_stays_and_what_is_gone_is_said()
    {
        string user = NewUser();
        var appended = await Store.FillAsync(user, 10);
        await Store.TrimToAsync(user, 4);

        Lost(await Store.AfterAsync(user, appended[2].Position)).Should().Be((HistoryLostReason.Trimmed, 10, 5));
        var edge = (await Store.AfterAsync(user, appended[3].Position, appended[3].Time)).Should().BeOfType<StreamPage>().Subject;
        Sequences(edge).Should().Equal(Range(5, 10));
        edge.IsTruncated.Should().BeFalse();
        Lost(await Store.AfterAsync(user, appended[3].Position, appended[3].Time.AddMicroseconds(1)))
            .Should().Be((HistoryLostReason.Forked, 10, 5), "the time of the newest trimmed event is kept");

        var backwards = (StreamPage)await Store.BeforeAsync(user);
        Sequences(backwards).Should().Equal(Range(5, 10).Reverse());
        backwards.Next.Should().Be(backwards.Oldest);
    }

    [Test]
    public async Task Truncated_says_whether_the_time_asked_for_trimmed_events()
    {
        string user = NewUser();
        var appended = await Store.FillAsync(user, 10);
        await Store.TrimToAsync(user, 4);

        var cut = await Store.SinceAsync(user, appended[2].Time);
        var whole = await Store.SinceAsync(user, appended[3].Time);
        var retained = await Store.SinceAsync(user);

        (cut.IsTruncated, whole.IsTruncated, retained.IsTruncated).Should().Be((true, false, false));
        foreach (var page in new[] { cut, whole, retained }) Sequences(page).Should().Equal(Range(5, 10));
    }

    [Test]
    public async Task A_stream_trimmed_to_its_head_goes_on_where_it_was()
    {
        string user = NewUser();
        var appended = await Store.FillAsync(user, 5);
        await Store.TrimToAsync(user, 1_000_000);

        var page = await Store.SinceAsync(user, appended[1].Time);
        page.Events.Should().BeEmpty();
        (page.Head.Sequence, page.Oldest.Sequence, page.Next.Sequence).Should().Be((5, 6, 5));
        (page.HasMore, page.IsTruncated).Should().Be((false, true));
        (await Store.AfterAsync(user, page.Next, appended[4].Time)).Should().BeOfType<StreamPage>("its next must be a place to go on from");
        ((StreamPage)await Store.BeforeAsync(user, page.Head.At(100))).Next.Should().Be(page.Oldest);
        (await Store.AppendAsync(Event(user)))[0].Position.Should().Be(page.Head.At(6));
        Sequences((StreamPage)await Store.AfterAsync(user, page.Next)).Should().Equal(6);
    }

    [Test]
    public async Task Trimming_is_bounded_by_the_head_never_goes_back_and_handles_more_than_one_batch()
    {
        string user = NewUser();
        await Store.FillAsync(user, 2500);
        await Store.TrimToAsync(user, 2400);
        await Store.TrimToAsync(user, 10);
        await Store.TrimToAsync(NewUser(), 10);

        var page = await Store.SinceAsync(user);
        page.Oldest.Sequence.Should().Be(2401);
        Sequences(page).Should().Equal(Range(2401, 2500));
    }

    private static IEnumerable<long> Sequences(StreamPage page) => page.Events.Select(e => e.Position.Sequence);

    private static IEnumerable<long> Range(int from, int to) => Enumerable.Range(from, to - from + 1).Select(n => (long)n);

    private static (HistoryLostReason Reason, long Head, long Oldest) Lost(StreamRead read)
    {
        var lost = read.Should().BeOfType<StreamHistoryLost>().Subject;
        return (lost.Reason, lost.Head.Sequence, lost.Oldest.Sequence);
    }
}
