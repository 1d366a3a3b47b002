using System.Globalization;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Server.EventStore;
using Realtime.Tests.Specifications;
using Realtime.Tests.Support;
using static Realtime.Tests.Specifications.EventStoreTestEvents;

namespace Realtime.Tests.Integration;

/// <summary>When the database is another one than before, two nodes notice before they serve it, and one renews the epoch; otherwise never.</summary>
[Category("Integration")]
internal sealed class EventStoreIdentityTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static int _databases;

    private LogLines _logs = null!;
    private PostgresServer _server = null!;
    private string _database = null!;
    private EventStorePostgresUnderTest _a = null!;
    private EventStorePostgresUnderTest _b = null!;

    private int Renewals => _logs.All.Count(line => line.Text.Contains("was renewed", StringComparison.Ordinal));

    [OneTimeSetUp]
    public async Task StartServer() => _server = await PostgresServer.StartAsync().WithinDeadline(Patience);

    [OneTimeTearDown]
    public async Task StopServer()
    {
        if (_server is not null) await _server.DisposeAsync();
    }

    [SetUp]
    public async Task OpenTwoNodes()
    {
        _database = string.Create(CultureInfo.InvariantCulture, $"identity_{Interlocked.Increment(ref _databases)}");
        string connectionString = await _server.CreateDatabaseAsync(_database).WithinDeadline(Patience);
        _logs = new LogLines();
        _a = new EventStorePostgresUnderTest(connectionString, logs: _logs);
        _b = new EventStorePostgresUnderTest(connectionString, logs: _logs);
        foreach (var node in new[] { _a, _b }) await node.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
    }

    [TearDown]
    public async Task CloseNodes()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        _logs.Dispose();
    }

    [Test]
    public async Task No_restart_of_the_server_renews_the_epoch_however_it_ended()
    {
        string user = NewUser();
        string epoch = (await _a.Events.FillAsync(user, 50))[0].Position.Epoch;
        Func<Task>[] ends = [() => Task.CompletedTask, _server.KillAsync, _server.StopImmediateAsync, _server.KillAsync];
        int count = 50;
        foreach (var end in ends)
        {
            using var stop = new CancellationTokenSource();
            var appending = Task.WhenAll(AppendUntilAsync(_a.Events, NewUser(), stop.Token), AppendUntilAsync(_b.Events, NewUser(), stop.Token));
            for (int i = 0; i < 20; i++) (await WhenBackAsync(() => _b.Events.HeadAsync(user))).Sequence.Should().Be(count);
            await end().WithinDeadline(Patience);
            await _server.RestartAsync().WithinDeadline(Patience);

            foreach (var node in new[] { _a, _b })
            {
                var appended = await WhenBackAsync(() => node.Events.AppendAsync(Event(user)));
                appended[0].Position.Should().Be(new StreamPosition(epoch, ++count));
            }

            await stop.CancelAsync();
            await appending.WithinDeadline(Patience);
        }

        Renewals.Should().Be(0);
    }

    [Test]
    public async Task An_older_copy_of_the_files_is_noticed_by_what_the_nodes_have_seen_and_renewed_once()
    {
        string user = NewUser();
        string old = (await _a.Events.FillAsync(user, 3))[0].Position.Epoch;
        string copy = await _server.CopyFilesAsync().WithinDeadline(Patience);
        await WhenBackAsync(() => _a.Events.AppendAsync(Event(user)));
        await WhenBackAsync(() => _b.Events.HeadAsync(user));

        await _server.SwapFilesAsync(copy).WithinDeadline(Patience);
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => WhenBackAsync(() => (i % 2 == 0 ? _a : _b).Events.HeadAsync(user))));

        answers.Distinct().Should().ContainSingle("both nodes serve one history, and only the renewed one").Which.Epoch.Should().NotBe(old);
        answers[0].Sequence.Should().Be(3);
        Renewals.Should().Be(1);
        (await _b.Events.AppendAsync(Event(user)))[0].Position.Should().Be(answers[0].At(4));
    }

    [TestCase("--clean", "--if-exists")]
    [TestCase("--clean", "--if-exists", "--single-transaction")]
    public async Task A_dump_that_is_restored_under_open_connections_is_noticed_and_renewed_once(params string[] options)
    {
        string user = NewUser();
        string old = (await _a.Events.FillAsync(user, 3))[0].Position.Epoch;
        string dump = await _server.DumpAsync(_database).WithinDeadline(Patience);
        await _a.Events.FillAsync(user, 5);
        await _b.Events.HeadAsync(user);

        await _server.RestoreDumpAsync(dump, _database, options).WithinDeadline(Patience);
        var heads = new List<StreamPosition>();
        foreach (var node in new[] { _a, _b, _a, _b }) heads.Add(await WhenBackAsync(() => node.Events.HeadAsync(user)));

        heads.Distinct().Should().ContainSingle().Which.Epoch.Should().NotBe(old);
        heads[0].Sequence.Should().Be(3);
        Renewals.Should().Be(1);
        (await _b.Events.AppendAsync(Event(user)))[0].Position.Should().Be(heads[0].At(4));
        (await _a.Events.AfterAsync(user, new StreamPosition(old, 3))).Should().BeOfType<StreamHistoryLost>().Which.Reason.Should().Be(HistoryLostReason.EpochChanged);
    }

    [Test]
    public async Task Rows_that_are_restored_into_the_same_tables_are_noticed()
    {
        string user = NewUser();
        string old = (await _a.Events.FillAsync(user, 3))[0].Position.Epoch;
        string dump = await _server.DumpAsync(_database).WithinDeadline(Patience);
        await _a.Events.FillAsync(user, 5);

        await _server.PsqlAsync("truncate realtime.history_record, realtime.streams, realtime.events, realtime.brakes, realtime.cursors, realtime.schema_versions", _database);
        await _server.RestoreDumpAsync(dump, _database, ["--data-only", "--single-transaction"]).WithinDeadline(Patience);

        var head = await WhenBackAsync(() => _b.Events.HeadAsync(user));
        head.Sequence.Should().Be(3);
        head.Epoch.Should().NotBe(old);
        Renewals.Should().Be(1);
    }

    [Test]
    public async Task A_dump_restored_into_another_database_is_another_history_and_the_first_goes_on()
    {
        string user = NewUser();
        var first = (await _a.Events.AppendAsync(Event(user)))[0].Position;
        string dump = await _server.DumpAsync(_database).WithinDeadline(Patience);
        string copy = $"{_database}_copy";
        await using var other = new EventStorePostgresUnderTest(await _server.CreateDatabaseAsync(copy).WithinDeadline(Patience), logs: _logs);
        await _server.RestoreDumpAsync(dump, copy, []).WithinDeadline(Patience);

        (await WhenBackAsync(() => other.Events.HeadAsync(user))).Epoch.Should().NotBe(first.Epoch);
        (await _a.Events.HeadAsync(user)).Should().Be(first);
    }

    [Test]
    public async Task A_half_restored_database_is_not_served_and_not_renewed()
    {
        string user = NewUser();
        string old = (await _a.Events.FillAsync(user, 3))[0].Position.Epoch;
        string dump = await _server.DumpAsync(_database).WithinDeadline(Patience);
        await _server.PsqlAsync("drop schema realtime cascade; drop function append_agent_event", _database);
        await _server.RestoreDumpAsync(dump, _database, ["--section=pre-data", "--section=data"]).WithinDeadline(Patience);

        Func<Task>[] calls = [() => _a.Events.HeadAsync(user), () => _b.Events.AppendAllAsync(Unit(Event(user))), () => _a.Events.SinceAsync(user)];
        foreach (var call in calls) await call.Should().ThrowAsync<StoreUnavailableException>();
        Renewals.Should().Be(0);

        await _server.RestoreDumpAsync(dump, _database, ["--section=post-data"]).WithinDeadline(Patience);
        var head = await WhenBackAsync(() => _a.Events.HeadAsync(user));
        head.Sequence.Should().Be(3);
        head.Epoch.Should().NotBe(old);
    }

    [Test]
    public async Task A_renewal_waits_for_open_transactions_without_holding_up_others_and_then_cuts_between_old_and_new()
    {
        string user = NewUser();
        string old = (await _a.Events.AppendAsync(Event(user)))[0].Position.Epoch;
        await using (var business = await _a.ConnectAsync())
        {
            await using var transaction = await business.BeginTransactionAsync();
            await business.RunAsync("select * from append_agent_event($1, 'test.happened', '{}')", user);

            (await _b.Epochs.TryRenewAsync(null, CancellationToken.None).WithinDeadline(Patience)).Should().BeNull("the transaction holds it");
            (await _a.Events.AppendAsync(Event(NewUser())))[0].Position.Epoch.Should().Be(old);
            await transaction.CommitAsync();
        }

        string? renewed = null;
        await Eventually.Async("the renewal finds nobody in its way", async () => (renewed = await _b.Epochs.TryRenewAsync(null, CancellationToken.None)) is not null, Patience);

        renewed.Should().NotBeNull().And.NotBe(old);
        (await _a.Events.HeadAsync(user)).Should().Be(new StreamPosition(renewed!, 2));
        (await _a.Events.AppendAsync(Event(user)))[0].Position.Should().Be(new StreamPosition(renewed!, 3));
        (await _a.Epochs.ReadAsync(CancellationToken.None).WithinDeadline(Patience)).Should().Be(renewed);
        Renewals.Should().Be(0, "an operator's renewal is nothing to notice");
    }

    [Test]
    public async Task A_role_that_may_not_see_the_server_is_told_once_and_served()
    {
        await _server.PsqlAsync(
            $"""
            create role plain login;
            grant usage on schema realtime to plain;
            grant select, insert, update, delete on all tables in schema realtime to plain;
            revoke execute on function pg_control_system() from public;
            """,
            _database);
        await using var plain = new EventStorePostgresUnderTest(_a.ConnectionString.Replace("Username=postgres", "Username=plain", StringComparison.Ordinal), logs: _logs);
        string user = NewUser();

        (await plain.Events.AppendAsync(Event(user)))[0].Position.Should().Be(await _a.Events.HeadAsync(user));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => plain.Events.HeadAsync(user)));

        _logs.All.Count(line => line.Text.Contains("pg_control_system", StringComparison.Ordinal)).Should().Be(1);
        Renewals.Should().Be(0);
    }

    [TestCase("fsync", "off")]
    [TestCase("synchronous_commit", "off")]
    public async Task A_server_that_may_lose_what_it_acknowledges_is_named(string setting, string value)
    {
        await using var weak = await PostgresServer.StartAsync(new PostgresServerOptions { Settings = new Dictionary<string, string> { [setting] = value } }).WithinDeadline(Patience);
        await using var node = new EventStorePostgresUnderTest(weak.ConnectionString, logs: _logs);
        await node.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);

        node.Weakness.Should().StartWith($"{setting} is off");
        _a.Weakness.Should().BeNull();
        _logs.All.Count(line => line.Text.Contains($"{setting} is off", StringComparison.Ordinal)).Should().Be(1);
    }

    private static async Task AppendUntilAsync(IEventStore store, string user, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await store.AppendAllAsync(Unit(Event(user)));
            }
            catch (StoreUnavailableException)
            {
                // The server is being restarted: that is what the test is about.
            }
        }
    }

    /// <summary>Asks until the store answers.</summary>
    private static async Task<T> WhenBackAsync<T>(Func<Task<T>> ask)
    {
        T answer = default!;
        await Eventually.Async("the store answers", async () =>
        {
            try
            {
                answer = await ask();
                return true;
            }
            catch (StoreUnavailableException)
            {
                return false;
            }
        }, Patience);
        return answer;
    }
}
