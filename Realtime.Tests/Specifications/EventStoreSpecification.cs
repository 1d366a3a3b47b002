using System.Collections.Concurrent;
using System.Globalization;
using Realtime.Contracts;
using Realtime.Server.EventStore;
using Realtime.Tests.Support;
using static Realtime.Tests.Specifications.EventStoreTestEvents;

namespace Realtime.Tests.Specifications;

/// <summary>What appending to any event store promises.</summary>
internal abstract class EventStoreSpecification
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
    public async Task Events_with_a_trace_context_are_numbered_and_known_again_like_all_others()
    {
        string a = NewUser(), b = NewUser();
        string trace = $"00-{new string('a', 32)}-{new string('b', 16)}-01";
        var again = Event(a) with { Traceparent = trace };
        await Store.AppendAsync(again);

        var outcomes = await Store.AppendAllAsync(Unit(Event(a)), Unit(Event(b) with { Traceparent = trace }, again), Unit(Event(b)));

        outcomes.Cast<AppendOutcome.Committed>().SelectMany(o => o.Events).Select(e => (e.Position.Sequence, e.IsDuplicate))
            .Should().Equal((2, false), (1, false), (1, true), (2, false));
        (await Store.ReadAllAsync(a)).ShouldBeGapless(2);
        (await Store.ReadAllAsync(b)).ShouldBeGapless(2);
    }

    [Test]
    public async Task Sequences_count_from_one_within_each_stream()
    {
        string one = NewUser(), other = NewUser();

        var outcomes = await Store.AppendAllAsync(Unit(Event(one)), Unit(Event(other)), Unit(Event(one), Event(one)));

        outcomes.Cast<AppendOutcome.Committed>().SelectMany(c => c.Events).Select(e => e.Position.Sequence).Should().Equal(1, 1, 2, 3);
        outcomes.Cast<AppendOutcome.Committed>().SelectMany(c => c.Events).Should().OnlyContain(e => !e.IsDuplicate);
        (await Store.ReadAllAsync(one)).ShouldBeGapless(3);
        (await Store.ReadAllAsync(other)).ShouldBeGapless(1);
    }

    [Test]
    public async Task What_was_appended_is_what_is_read()
    {
        string user = NewUser();
        var sent = Event(user, """{"a":1}""", type: "test.read_back");

        var appended = await Store.AppendAsync(sent);
        var read = (await Store.SinceAsync(user)).Events.Should().ContainSingle().Subject;

        read.Should().BeEquivalentTo(new AgentEventEnvelope
        {
            Type = "test.read_back",
            Id = sent.Id,
            Position = appended[0].Position,
            Time = appended[0].Time,
            Data = sent.Data,
        });
    }

    [Test]
    public async Task Concurrent_appenders_leave_no_gap_and_every_acknowledged_position_holds_its_event()
    {
        const int appenders = 32, each = 25;
        string user = NewUser();
        var acknowledged = new ConcurrentDictionary<Guid, AppendedEvent>();

        await Task.WhenAll(Enumerable.Range(0, appenders).Select(async n =>
        {
            for (int i = 0; i < each; i++)
            {
                var item = Event(user, $"[{n},{i}]");
                var outcome = (await Store.AppendAsync([Unit(item)], TimeSpan.FromSeconds(20), CancellationToken.None).WithinDeadline(Patience))[0];
                acknowledged[item.Id] = outcome.Should().BeOfType<AppendOutcome.Committed>().Subject.Events[0];
            }
        }));

        var all = await Store.ReadAllAsync(user);
        all.ShouldBeGapless(appenders * each);
        all.Should().OnlyContain(e => acknowledged[e.Id].Position == e.Position && acknowledged[e.Id].Time == e.Time);
    }

    [Test]
    public async Task Times_are_whole_microseconds_and_strictly_increase_within_one_batch()
    {
        string user = NewUser();
        await Store.FillAsync(user, 300);

        var all = await Store.ReadAllAsync(user);

        all.ShouldBeGapless(300);
        all.Should().OnlyContain(e => e.Time.Ticks % EventTime.TicksPerMicrosecond == 0 && e.Time.Offset == TimeSpan.Zero);
    }

    [Test]
    public async Task When_the_clock_steps_back_the_next_time_is_one_microsecond_later()
    {
        string user = NewUser();
        var ahead = EventTime.TruncateToMicrosecond(TimeProvider.System.GetUtcNow().AddHours(3));
        await Store.AppendAsync(Event(user));
        await Stores.SetLastTimeAsync(user, ahead);

        var appended = await Store.AppendAsync(Event(user), Event(user));

        appended.Select(e => e.Time).Should().Equal(ahead.AddMicroseconds(1), ahead.AddMicroseconds(2));
    }

    [Test]
    public async Task The_same_id_again_is_the_same_event()
    {
        string user = NewUser();
        var item = Event(user, """{"first":true}""");
        var first = (await Store.AppendAsync(item))[0];

        var again = (await Store.AppendAsync(Event(user, """{"first":false}""", item.Id), Event(user)))[0];

        again.Should().Be(first with { IsDuplicate = true });
        var all = await Store.ReadAllAsync(user);
        all.ShouldBeGapless(2);
        all[0].Data.Should().Be(item.Data);
    }

    [Test]
    public async Task The_same_id_of_another_user_is_another_event()
    {
        var id = Guid.CreateVersion7();
        string one = NewUser(), other = NewUser();

        var outcomes = await Store.AppendAllAsync(Unit(Event(one, id: id)), Unit(Event(other, id: id)));

        outcomes.Cast<AppendOutcome.Committed>().Should().OnlyContain(c => !c.Events[0].IsDuplicate && c.Events[0].Position.Sequence == 1);
    }

    [Test]
    public async Task Racing_appends_of_the_same_ids_store_each_once_without_holes()
    {
        const int racers = 8, ids = 60;
        string user = NewUser();
        var items = Enumerable.Range(0, ids).Select(_ => Event(user)).ToArray();

        var answers = await Task.WhenAll(Enumerable.Range(0, racers).Select(async racer =>
        {
            var mine = new List<(Guid Id, AppendedEvent Event)>();
            foreach (var batch in items.OrderBy(item => item.Id.GetHashCode() ^ (racer * 7919)).Chunk(7))
            {
                var outcomes = await Store.AppendAsync([.. batch.Select(item => Unit(item))], TimeSpan.FromSeconds(20), CancellationToken.None).WithinDeadline(Patience);
                mine.AddRange(batch.Zip(outcomes, (item, outcome) => (item.Id, ((AppendOutcome.Committed)outcome).Events[0])));
            }

            return mine;
        }));

        var all = await Store.ReadAllAsync(user);
        all.ShouldBeGapless(ids);
        foreach (var answer in answers.SelectMany(answer => answer).GroupBy(answer => answer.Id))
        {
            answer.Should().HaveCount(racers).And.ContainSingle(one => !one.Event.IsDuplicate);
            answer.Select(one => (one.Event.Position, one.Event.Time)).Distinct().Should().ContainSingle();
        }
    }

    [Test]
    public async Task A_refused_event_takes_its_whole_unit_with_it_and_nothing_else()
    {
        string one = NewUser(), other = NewUser();

        var outcomes = await Store.AppendAllAsync(
            Unit(Event(one, "1")), Unit(Event(one, "2"), Event(other, "{not json")), Unit(Event(other, "3")), Unit(Event(one, "4")));

        outcomes[0].Should().BeOfType<AppendOutcome.Committed>();
        outcomes[1].Should().BeOfType<AppendOutcome.Refused>().Which.Problem.Should().NotBeEmpty();
        outcomes[2].Should().BeOfType<AppendOutcome.Committed>();
        outcomes[3].Should().BeOfType<AppendOutcome.Committed>();
        (await Store.ReadAllAsync(one)).Select(e => e.Data.ToString()).Should().Equal("1", "4");
        (await Store.ReadAllAsync(other)).Select(e => e.Data.ToString()).Should().Equal("3");
        (await Store.ReadAllAsync(one)).ShouldBeGapless(2);
    }

    [Test]
    public async Task Many_refused_events_among_many_good_ones_fail_alone()
    {
        string user = NewUser();
        var units = Enumerable.Range(0, 40).Select(n => Unit(Event(user, n % 5 == 0 ? "\0" : $"{n}"))).ToArray();

        var outcomes = await Store.AppendAllAsync(units);

        for (int n = 0; n < units.Length; n++)
        {
            if (n % 5 == 0) outcomes[n].Should().BeOfType<AppendOutcome.Refused>();
            else outcomes[n].Should().BeOfType<AppendOutcome.Committed>();
        }

        var all = await Store.ReadAllAsync(user);
        all.ShouldBeGapless(32);
        all.Select(e => int.Parse(e.Data.ToString(), CultureInfo.InvariantCulture)).Should().BeInAscendingOrder();
    }

    [Test]
    public async Task Half_a_surrogate_pair_is_refused_alone_and_the_store_goes_on()
    {
        string user = NewUser(), type = "test." + (char)0xD800;

        var outcomes = await Store.AppendAllAsync(Unit(Event(user, type: type)), Unit(Event(user)));

        outcomes[0].Should().BeOfType<AppendOutcome.Refused>();
        outcomes[1].Should().BeOfType<AppendOutcome.Committed>().Which.Events[0].Position.Sequence.Should().Be(1);
    }

    [TestCase(new byte[] { (byte)'"', 0xFF, (byte)'"' })]
    [TestCase(new byte[] { (byte)'"', 0xED, 0xA0, 0x80, (byte)'"' })]
    [TestCase(new byte[] { (byte)'"', 0x00, (byte)'"' })]
    public async Task Bytes_that_are_no_text_are_refused_alone(byte[] data)
    {
        string user = NewUser();
        var bad = new NewEvent(user, "test.happened", Guid.CreateVersion7(), EventData.FromTrustedUtf8(data));

        var outcomes = await Store.AppendAllAsync(Unit(bad), Unit(Event(user)));

        outcomes[0].Should().BeOfType<AppendOutcome.Refused>();
        outcomes[1].Should().BeOfType<AppendOutcome.Committed>();
    }

    [TestCase("""{ "b" : 1,  "a":[ 1 , 2 ],	"a": null }""")]
    [TestCase("1e400")]
    [TestCase("-0.0")]
    [TestCase("123456789012345678901234567890.123456789000")]
    [TestCase("""{"nul":"\u0000","half":"\ud800","slash":"\/","e":"\u00e9é","smile":"😀\ud83d\ude00"}""")]
    [TestCase("""  {"padded":true}  """)]
    [TestCase("\"\u2028\u2029\"")]
    [TestCase("null")]
    public async Task Data_comes_back_byte_for_byte(string json)
    {
        string user = NewUser();
        var sent = Event(user, json);
        await Store.AppendAsync(sent);

        var forwards = (await Store.SinceAsync(user)).Events[0].Data;
        var backwards = ((StreamPage)await Store.BeforeAsync(user)).Events[0].Data;

        forwards.Utf8.ToArray().Should().Equal(sent.Data.Utf8.ToArray());
        backwards.Utf8.ToArray().Should().Equal(sent.Data.Utf8.ToArray());
    }

    [Test]
    public async Task The_epoch_is_well_formed_and_survives_a_restart()
    {
        string user = NewUser();
        var before = (await Store.AppendAsync(Event(user)))[0].Position;
        await using var restarted = Stores.AnotherNode();
        await restarted.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);

        before.Epoch.Should().MatchRegex("^[a-z0-9]{8}$");
        (await restarted.Events.HeadAsync(user)).Should().Be(before);
        (await restarted.Events.AppendAsync(Event(user)))[0].Position.Should().Be(before.At(2));
    }

    [Test]
    public async Task Several_nodes_may_initialise_at_once()
    {
        await using var fresh = await CreateAsync();
        var nodes = Enumerable.Range(0, 6).Select(_ => fresh.AnotherNode()).ToList();

        await Task.WhenAll(nodes.Select(node => Task.Run(() => node.Events.InitializeAsync(CancellationToken.None)))).WithinDeadline(Patience);

        var heads = await Task.WhenAll(nodes.Select(node => node.Events.HeadAsync("somebody")));
        heads.Distinct().Should().ContainSingle().Which.Sequence.Should().Be(0);
        foreach (var node in nodes) await node.DisposeAsync();
    }
}
