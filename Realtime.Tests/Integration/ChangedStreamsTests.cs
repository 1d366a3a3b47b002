using Realtime.Harness;
using Realtime.Server.EventStore;
using Realtime.Tests.Support;
using static Realtime.Tests.Specifications.EventStoreTestEvents;

namespace Realtime.Tests.Integration;

/// <summary>What the head check asks PostgreSQL: which streams have changed since the last look.</summary>
[Category("Integration")]
internal sealed class ChangedStreamsTests
{
    EventStorePostgresUnderTest _stores = null!;
    PostgresDatabase _database = null!;
    PostgresChanges _changes = null!;

    IEventStore Store => _stores.Events;

    [SetUp]
    public async Task Open()
    {
        _stores = (EventStorePostgresUnderTest)await EventStorePostgresUnderTest.CreateAsync();
        await Store.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
        _database = new PostgresDatabase(_stores.ConnectionString, TimeSpan.FromSeconds(30));
        _changes = new PostgresChanges(_database);
    }

    [TearDown]
    public async Task Close()
    {
        await _changes.DisposeAsync();
        await _database.DisposeAsync();
        await _stores.DisposeAsync();
    }

    [Test]
    public async Task The_first_look_cannot_tell_and_each_change_is_named_once()
    {
        await Store.FillAsync("before", 1);
        (await LookAsync()).Should().BeNull("nobody has looked before");
        (await LookAsync()).Should().BeEmpty();

        await Store.FillAsync("a", 3);
        await Store.FillAsync("b", 1);
        await SqlDoor.AppendAsync(_stores.ConnectionString, "c", data: "1");

        (await LookAsync()).Should().BeEquivalentTo(new Dictionary<string, long> { ["a"] = 3, ["b"] = 1, ["c"] = 1 });
        (await LookAsync()).Should().BeEmpty();
    }

    [Test]
    public async Task Without_a_connection_of_its_own_a_look_cannot_tell_and_says_why()
    {
        await using var nowhere = new PostgresDatabase($"Host=127.0.0.1;Port={FreePort.Next()};Username=nobody;Database=none", TimeSpan.FromSeconds(5));
        await using var changes = new PostgresChanges(nowhere);

        var looked = await changes.LookAsync(CancellationToken.None).WithinDeadline();

        looked.Heads.Should().BeNull();
        looked.Fault.Should().NotBeNull();
    }

    [Test]
    public async Task What_was_appended_before_a_look_and_committed_after_it_is_named_by_the_next()
    {
        await using var connection = await _stores.ConnectAsync();
        await using var late = await connection.BeginTransactionAsync().AsTask().WithinDeadline();
        await connection.RunAsync("select append_agent_event('late', 'test.happened', '1')");
        await LookAsync();
        await Store.FillAsync("early", 1); // begins later, commits first
        (await LookAsync()).Should().BeEquivalentTo(new Dictionary<string, long> { ["early"] = 1 });

        await late.CommitAsync().WithinDeadline();
        await Store.FillAsync("next", 1);

        (await LookAsync()).Should().BeEquivalentTo(new Dictionary<string, long> { ["late"] = 1, ["next"] = 1 });
        (await LookAsync()).Should().BeEmpty();
    }

    [Test]
    public async Task What_is_rolled_back_is_not_named_and_a_savepoint_is()
    {
        await LookAsync();
        await using var connection = await _stores.ConnectAsync();
        await using (var transaction = await connection.BeginTransactionAsync().AsTask().WithinDeadline())
        {
            await connection.RunAsync("select append_agent_event('never', 'test.happened', '1')");
            await transaction.RollbackAsync().WithinDeadline();
        }

        await using (var transaction = await connection.BeginTransactionAsync().AsTask().WithinDeadline())
        {
            await connection.RunAsync("savepoint here");
            await connection.RunAsync("select append_agent_event('kept', 'test.happened', '1')");
            await connection.RunAsync("release savepoint here");
            await transaction.CommitAsync().WithinDeadline();
        }

        (await LookAsync()).Should().BeEquivalentTo(new Dictionary<string, long> { ["kept"] = 1 });
    }

    [Test]
    public async Task A_new_connection_cannot_tell_because_the_server_may_have_crashed_in_between()
    {
        await LookAsync();
        await LookAsync();
        await _stores.ExecuteAsync(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'realtime%head check'");
        await Store.FillAsync("a", 1);

        await this.Invoking(t => t.LookAsync()).Should().ThrowAsync<StoreUnavailableException>();

        (await LookAsync()).Should().BeNull();
        (await LookAsync()).Should().BeEmpty();
    }

    [Test]
    public async Task Another_history_cannot_tell()
    {
        await LookAsync();
        await _stores.ExecuteAsync("select realtime.renew_epoch()");

        (await LookAsync()).Should().BeNull();
        (await LookAsync()).Should().BeEmpty();
    }

    [Test]
    public async Task A_node_that_has_not_looked_for_long_is_told_that_it_missed_what_was_dropped()
    {
        await using var lazy = new PostgresChanges(_database);
        await lazy.LookAsync(CancellationToken.None).WithinDeadline(Patience);
        await lazy.LookAsync(CancellationToken.None).WithinDeadline(Patience);
        for (int i = 0; i <= 2 * PostgresChanges.LooksToKeep; i++)
        {
            await Store.FillAsync("a", 1);
            (await LookAsync())?.Keys.Should().Equal("a");
        }

        (await lazy.LookAsync(CancellationToken.None).WithinDeadline(Patience)).Heads.Should().BeNull();
        await using var connection = await _stores.ConnectAsync();
        (await connection.RunAsync("select count(*) from realtime.changes")).As<long>().Should().BeLessThan(2 * PostgresChanges.LooksToKeep);
    }

    [Test]
    public async Task Under_many_writers_every_commit_is_named_by_a_look_that_follows_it()
    {
        await LookAsync();
        var seen = new Dictionary<string, long>();
        var writers = Enumerable.Range(0, 6).Select(w => Task.Run(() => WriteAsync($"writer_{w}"))).ToList();
        var all = Task.WhenAll(writers);
        while (!all.IsCompleted) await TakeAsync();
        await all.WithinDeadline(Patience);
        await TakeAsync();

        for (int w = 0; w < 6; w++) seen[$"writer_{w}"].Should().Be((await Store.HeadAsync($"writer_{w}")).Sequence);

        async Task WriteAsync(string user)
        {
            await using var connection = await _stores.ConnectAsync();
            for (int i = 0; i < 60; i++)
            {
                await using var transaction = await connection.BeginTransactionAsync();
                await connection.RunAsync($"select append_agent_event('{user}', 'test.happened', '1')");
                if (i % 3 == 0) await connection.RunAsync("select pg_sleep(0.005)");
                await transaction.CommitAsync();
            }
        }

        async Task TakeAsync()
        {
            foreach (var (user, sequence) in (await LookAsync())!) seen[user] = sequence;
        }
    }

    async Task<IReadOnlyDictionary<string, long>?> LookAsync() => (await _changes.LookAsync(CancellationToken.None).WithinDeadline(Patience)).Heads;
}
