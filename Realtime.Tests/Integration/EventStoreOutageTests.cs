using System.Collections.Concurrent;
using Npgsql;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Server.EventStore;
using Realtime.Tests.Specifications;
using Realtime.Tests.Support;
using static Realtime.Tests.Specifications.EventStoreTestEvents;

namespace Realtime.Tests.Integration;

/// <summary>The database away, frozen, killed, or not what was expected. A private server, since these tests do not leave it in peace.</summary>
[Category("Integration")]
internal sealed class EventStoreOutageTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private PostgresServer _server = null!;
    private EventStorePostgresUnderTest _stores = null!;

    private IEventStore Store => _stores.Events;

    [OneTimeSetUp]
    public async Task Open()
    {
        _server = await PostgresServer.StartAsync().WithinDeadline(Patience);
        _stores = new EventStorePostgresUnderTest(_server.ConnectionString, TimeSpan.FromSeconds(5));
        await Store.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
    }

    [OneTimeTearDown]
    public async Task Close()
    {
        if (_stores is not null) await _stores.DisposeAsync();
        if (_server is not null) await _server.DisposeAsync();
    }

    [Test]
    public async Task A_killed_server_loses_nothing_acknowledged_and_leaves_no_gap()
    {
        string[] users = [.. Enumerable.Range(0, 4).Select(_ => NewUser())];
        var acknowledged = new ConcurrentDictionary<Guid, AppendedEvent>();
        var outages = new ConcurrentBag<StoreUnavailableException>();
        var appenders = Enumerable.Range(0, 8).Select(n => AppendUntilOutageAsync(users[n % users.Length])).ToList();
        await Eventually.Async("some appends are acknowledged", () => acknowledged.Count > 300, Patience);

        await _server.KillAsync().WithinDeadline(Patience);
        await Task.WhenAll(appenders).WithinDeadline(Patience);
        await _server.RestartAsync().WithinDeadline(Patience);

        outages.Should().HaveCount(8);
        await Eventually.Async("the store works again without a restart of its own", () => WorksAsync(), Patience);
        var stored = new Dictionary<Guid, AgentEventEnvelope>();
        foreach (string user in users)
        {
            var all = await Store.ReadAllAsync(user);
            all.ShouldBeGapless(all.Count);
            foreach (var item in all) stored.Add(item.Id, item);
        }

        acknowledged.All(ack => stored.TryGetValue(ack.Key, out var item) && item.Position == ack.Value.Position && item.Time == ack.Value.Time)
            .Should().BeTrue("what was acknowledged is where it was said to be");

        async Task AppendUntilOutageAsync(string user)
        {
            while (true)
            {
                try
                {
                    var items = new[] { Event(user), Event(user) };
                    var outcomes = await Store.AppendAsync([.. items.Select(item => Unit(item))], TimeSpan.FromSeconds(10), CancellationToken.None);
                    foreach (var (item, outcome) in items.Zip(outcomes))
                    {
                        if (outcome is AppendOutcome.Committed committed) acknowledged[item.Id] = committed.Events[0];
                    }
                }
                catch (StoreUnavailableException outage)
                {
                    outages.Add(outage);
                    return;
                }
            }
        }
    }

    [Test]
    public async Task While_the_server_is_away_every_call_says_so_and_afterwards_all_work_again()
    {
        string user = NewUser();
        var first = (await Store.AppendAsync(Event(user)))[0];
        await _server.StopImmediateAsync().WithinDeadline(Patience);

        Func<Task>[] calls =
        [
            () => Store.AppendAllAsync(Unit(Event(user))),
            () => Store.AfterAsync(user, first.Position),
            () => Store.SinceAsync(user),
            () => Store.BeforeAsync(user),
            () => Store.HeadAsync(user),
            () => Store.TrimToAsync(user, 0),
            () => Store.InitializeAsync(CancellationToken.None),
            () => _stores.Brakes.ReadAsync(user, CancellationToken.None),
            () => _stores.Brakes.SetAsync(Event(user), true, null, "anna", TimeSpan.FromSeconds(1), CancellationToken.None),
            () => _stores.Cursors.ReadAsync(user, CancellationToken.None),
            () => _stores.Cursors.MoveAsync(user, "page", first.Position, CancellationToken.None),
            () => _stores.Cursors.DeleteAsync(user, "page", CancellationToken.None),
        ];
        foreach (var call in calls) await call.Should().ThrowAsync<StoreUnavailableException>();

        await _server.RestartAsync().WithinDeadline(Patience);
        await Eventually.Async("the store works again", () => WorksAsync(), Patience);
        foreach (var call in calls) await call().WithinDeadline();
    }

    [Test]
    public async Task A_frozen_server_ends_the_call_at_its_timeout_and_a_cancelled_wait_at_once()
    {
        string user = NewUser();
        await using var patient = new EventStorePostgresUnderTest(_server.ConnectionString, TimeSpan.FromMinutes(5));
        await patient.Events.AppendAsync(Event(user));
        await Store.HeadAsync(user);
        await _server.PauseAsync().WithinDeadline();
        try
        {
            using var cancel = new CancellationTokenSource();
            var cancelled = patient.Events.ReadHeadsAsync([user], cancel.Token);
            cancel.Cancel();
            var wait = () => cancelled.WithinDeadline();
            await wait.Should().ThrowAsync<OperationCanceledException>();

            var read = () => Store.HeadAsync(user).WithinDeadline();
            await read.Should().ThrowAsync<StoreUnavailableException>();
        }
        finally
        {
            await _server.ResumeAsync().WithinDeadline();
        }

        await Eventually.Async("the store works again", () => WorksAsync(), Patience);
    }

    [Test]
    public async Task A_database_that_may_only_be_read_counts_as_unavailable_for_appends()
    {
        string user = NewUser();
        await using var readOnly = new EventStorePostgresUnderTest(_server.ConnectionString + ";Options=-c default_transaction_read_only=on");

        var append = () => readOnly.Events.AppendAllAsync(Unit(Event(user)));

        await append.Should().ThrowAsync<StoreUnavailableException>().WithMessage("*read-only*");
        (await readOnly.Events.HeadAsync(user)).Sequence.Should().Be(0);
    }

    [Test]
    public async Task Data_nested_deeper_than_the_server_can_parse_is_refused_alone()
    {
        string user = NewUser();
        string deep = new string('[', 60_000) + new string(']', 60_000);

        var outcomes = await Store.AppendAllAsync(Unit(Event(user)), Unit(Event(user, deep)), Unit(Event(user)));

        outcomes[1].Should().BeOfType<AppendOutcome.Refused>().Which.Problem.Should().Contain("stack depth");
        (await Store.ReadAllAsync(user)).ShouldBeGapless(2);
    }

    private async Task<bool> WorksAsync()
    {
        try
        {
            await Store.AppendAllAsync(Unit(Event(NewUser())));
            return true;
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }
}
