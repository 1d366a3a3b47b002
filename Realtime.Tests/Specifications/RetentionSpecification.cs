using Realtime.Contracts;
using Realtime.Server.EventStore;
using Realtime.Tests.Support;
using static Realtime.Tests.Specifications.EventStoreTestEvents;

namespace Realtime.Tests.Specifications;

/// <summary>What any event store promises to the retention job; each test has a database of its own, as expired streams of others would be found.</summary>
internal abstract class RetentionSpecification
{
    private protected EventStoresUnderTest Stores { get; private set; } = null!;

    private protected IEventStore Store => Stores.Events;

    private protected abstract Task<EventStoresUnderTest> CreateAsync();

    [SetUp]
    public async Task Open()
    {
        Stores = await CreateAsync();
        await Store.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
    }

    [TearDown]
    public async Task Close()
    {
        if (Stores is not null) await Stores.DisposeAsync();
    }

    [Test]
    public async Task An_event_exactly_at_the_cut_off_stays()
    {
        string user = NewUser();
        var appended = await Store.FillAsync(user, 5);

        (await Store.ExpiredAsync(appended[2].Time)).Should().Equal((user, 2));
        (await Store.ExpiredAsync(appended[2].Time.AddMicroseconds(1))).Should().Equal((user, 3));
        (await Store.ExpiredAsync(appended[0].Time)).Where(e => e.UpTo > 0).Should().BeEmpty("the first event has exactly that time");
    }

    [Test]
    public async Task What_was_trimmed_is_not_found_again_until_the_next_event_expires()
    {
        string user = NewUser();
        var appended = await Store.FillAsync(user, 5);
        await TrimExpiredAsync(appended[3].Time);

        (await Store.ExpiredAsync(appended[3].Time)).Should().BeEmpty();
        (await Store.ExpiredAsync(appended[3].Time.AddMicroseconds(1))).Should().Equal((user, 4));
        (await Store.SinceAsync(user)).Events.Select(e => e.Position.Sequence).Should().Equal(4, 5);
    }

    [Test]
    public async Task All_events_may_expire_and_the_head_stays()
    {
        string user = NewUser();
        var appended = await Store.FillAsync(user, 4);
        var now = appended[3].Time.AddMicroseconds(1);
        await TrimExpiredAsync(now);

        var page = await Store.SinceAsync(user, appended[0].Time);
        page.Events.Should().BeEmpty();
        (page.Head.Sequence, page.Oldest.Sequence, page.IsTruncated).Should().Be((4, 5, true));
        (await Store.AfterAsync(user, appended[2].Position)).Should().BeOfType<StreamHistoryLost>().Which.Reason.Should().Be(HistoryLostReason.Trimmed);
        (await Store.AfterAsync(user, appended[3].Position, appended[3].Time)).Should().BeOfType<StreamPage>("nothing after it was trimmed");
        (await Store.ExpiredAsync(now)).Should().BeEmpty("an emptied stream holds nothing to trim");

        var next = (await Store.AppendAsync(Event(user)))[0];
        next.Position.Sequence.Should().Be(5);
        (await Store.ExpiredAsync(next.Time.AddMicroseconds(1))).Should().Equal((user, 5));
    }

    [Test]
    public async Task The_brake_outlives_the_event_that_told_of_it()
    {
        string user = NewUser();
        var changed = Event(user, "{\"engaged\":true,\"changedBy\":\"x\"}", type: "agent.brake_changed");
        var set = await Stores.Brakes.SetAsync(changed, engaged: true, "stop", "x", TimeSpan.Zero, CancellationToken.None).WithinDeadline(Patience);
        await TrimExpiredAsync(set.Appended!.Time.AddMicroseconds(1));

        (await Store.SinceAsync(user)).Oldest.Sequence.Should().Be(2);
        (await Stores.Brakes.ReadAsync(user, CancellationToken.None).WithinDeadline(Patience)).Should().Be(set.State);
    }

    [Test]
    public async Task A_trim_that_was_interrupted_is_found_again_and_goes_on()
    {
        string user = NewUser();
        var appended = await Store.FillAsync(user, 25);
        (await Store.TrimAsync(user, 20, maxEvents: 10, CancellationToken.None).WithinDeadline(Patience)).Should().Be(10);

        // Readers see the new end although half of what is below it is not deleted yet.
        (await Store.SinceAsync(user)).Oldest.Sequence.Should().Be(21);
        (await Store.ExpiredAsync(appended[20].Time)).Should().Equal((user, 20));
        (await Store.TrimAsync(user, 20, maxEvents: 10, CancellationToken.None).WithinDeadline(Patience)).Should().Be(10);
        (await Store.ExpiredAsync(appended[20].Time)).Should().Equal([(user, 20)], "nobody knows yet that nothing is left");
        (await Store.TrimAsync(user, 20, maxEvents: 10, CancellationToken.None).WithinDeadline(Patience)).Should().Be(0);
        (await Store.ExpiredAsync(appended[20].Time)).Should().BeEmpty();
    }

    [Test]
    public async Task Streams_with_the_oldest_events_come_first_and_no_more_than_asked_for()
    {
        string[] users = [NewUser(), NewUser(), NewUser()];
        var last = new List<AppendedEvent>();
        foreach (string user in users) last.Add((await Store.FillAsync(user, 2))[1]);
        await TrimExpiredAsync(last[0].Time); // one event of the first stream, none of the others
        foreach (string user in users) await Store.TrimToAsync(user, 0); // notes the age of all

        (await Store.ExpiredAsync(last[2].Time.AddMicroseconds(1), maxUsers: 2)).Should().Equal((users[0], 2), (users[1], 2));
    }

    [Test]
    public async Task Nodes_that_trim_at_the_same_time_do_no_harm()
    {
        string[] users = [NewUser(), NewUser()];
        var times = new List<DateTimeOffset>();
        foreach (string user in users) times.Add((await Store.FillAsync(user, 400))[300].Time);
        await using var other = Stores.AnotherNode();
        await other.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);

        await Task.WhenAll(users.SelectMany(user => new[] { TrimAsync(Store, user), TrimAsync(other.Events, user) })).WithinDeadline(Patience);
        await TrimExpiredAsync(times[0]); // finishes what one left to the other

        foreach (string user in users)
        {
            var page = await Store.SinceAsync(user);
            (page.Oldest.Sequence, page.Head.Sequence, page.Events.Count).Should().Be((301, 400, 100));
        }

        static Task TrimAsync(IEventStore store, string user) => store.TrimToAsync(user, 300, maxEvents: 20);
    }

    [Test]
    public async Task The_clock_is_the_one_that_gives_events_their_times()
    {
        var before = await Store.ReadClockAsync(CancellationToken.None).WithinDeadline(Patience);
        var appended = (await Store.AppendAsync(Event(NewUser())))[0];
        var after = await Store.ReadClockAsync(CancellationToken.None).WithinDeadline(Patience);

        appended.Time.Should().BeOnOrAfter(before).And.BeOnOrBefore(after);
    }

    private async Task TrimExpiredAsync(DateTimeOffset before)
    {
        foreach (var (user, upTo) in await Store.ExpiredAsync(before)) await Store.TrimToAsync(user, upTo);
    }
}
