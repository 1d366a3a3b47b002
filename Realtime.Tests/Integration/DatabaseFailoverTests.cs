using Npgsql;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Server.EventStore;
using Realtime.Tests.Specifications;
using Realtime.Tests.Support;
using static Realtime.Tests.Specifications.EventStoreTestEvents;

namespace Realtime.Tests.Integration;

/// <summary>A primary with a synchronous standby, both named in the connection string. The primary dies, the standby is promoted.</summary>
[Category("Integration")]
public sealed class DatabaseFailoverTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    readonly TestTokens _tokens = TestTokens.Hmac();
    PostgresServer _primary = null!;
    PostgresServer _standby = null!;

    string BothHosts => new NpgsqlConnectionStringBuilder(_primary.ConnectionString) { Host = $"127.0.0.1:{_primary.Port},127.0.0.1:{_standby.Port}" }.ConnectionString;

    [SetUp]
    public async Task StartServers()
    {
        _primary = await PostgresServer.StartAsync().WithinDeadline(Patience);
        _standby = await _primary.StartSynchronousStandbyAsync().WithinDeadline(Patience);
    }

    [TearDown]
    public async Task StopServers()
    {
        if (_standby is not null) await _standby.DisposeAsync();
        await _primary.DisposeAsync();
    }

    [OneTimeTearDown]
    public void DisposeTokens() => _tokens.Dispose();

    [TestCase(true)]
    [TestCase(false)]
    public async Task Everything_flows_again_on_the_promoted_standby_and_nothing_acknowledged_is_lost(bool isDeclaredLossless)
    {
        var settings = new Dictionary<string, string?>(_tokens.ServerSettings())
        {
            ["ConnectionStrings:Postgres"] = $"{BothHosts};Target Session Attributes=primary",
            ["ConnectionStrings:Redis"] = (await Shared.RedisAsync()).ConnectionString,
            ["Realtime:LosslessFailover"] = isDeclaredLossless.ToString(),
        };
        await using var a = await ServerNode.StartAsync(new ServerNodeOptions { Settings = settings }).WithinDeadline(Patience);
        await using var b = await ServerNode.StartAsync(new ServerNodeOptions { Settings = settings }).WithinDeadline(Patience);
        await using var users = await OnlineUsers.StartAsync([a, b], _tokens);
        await users.PublishMoreAsync(30);

        await _primary.KillAsync().WithinDeadline(Patience);
        await _standby.PromoteAsync().WithinDeadline(Patience);
        await users.PublishMoreAsync(30);

        await users.VerifyAsync(_standby.ConnectionString, isHistoryLost: !isDeclaredLossless, isAcknowledgedKept: true);
    }

    [Test]
    public async Task Nothing_is_acknowledged_that_the_standby_does_not_have_not_even_on_a_retry()
    {
        var item = Event(NewUser());
        await using var stores = new EventStorePostgresUnderTest(_primary.ConnectionString, isFailoverLossless: true);
        await using var impatient = new EventStorePostgresUnderTest(_primary.ConnectionString, TimeSpan.FromSeconds(1), isFailoverLossless: true);
        await stores.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
        await stores.Events.AppendAsync(Event(item.UserId));
        await _standby.KillAsync().WithinDeadline(Patience);

        for (int i = 0; i < 3; i++)
            (await AcknowledgedAsync(impatient.Events, item)).Should().BeNull("its commit waits for the standby, and one that was cancelled while it waited does not count");

        await _standby.RestartAsync().WithinDeadline(Patience);
        StreamPosition? position = null;
        await Eventually.Async("the standby is back", async () => (position = await AcknowledgedAsync(stores.Events, item)) is not null, Patience);
        position!.Value.Sequence.Should().Be(2, "the same id is the same event");
    }

    [Test]
    public async Task A_failover_that_lost_an_acknowledged_event_is_told_even_where_it_was_declared_lossless()
    {
        string user = NewUser();
        var logs = new LogLines();
        await using var stores = new EventStorePostgresUnderTest(BothHosts, isFailoverLossless: true, logs: logs);
        await stores.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
        string epoch = (await stores.Events.AppendAsync(Event(user)))[0].Position.Epoch;
        await _primary.PsqlAsync("alter system set synchronous_standby_names = ''"); // the declaration becomes a lie
        await _primary.PsqlAsync("select pg_reload_conf()");
        await Eventually.Async("commits wait for nobody", async () => await _primary.PsqlAsync("show synchronous_standby_names") == "", Patience);
        await _standby.KillAsync().WithinDeadline(Patience);
        await stores.Events.FillAsync(user, 20);

        await _primary.KillAsync().WithinDeadline(Patience);
        await _standby.RestartAsync().WithinDeadline(Patience);
        await _standby.PromoteAsync().WithinDeadline(Patience);
        StreamPosition head = default;
        await Eventually.Async("the store works on the new primary", async () =>
        {
            try
            {
                head = await stores.Events.HeadAsync(user);
                return true;
            }
            catch (StoreUnavailableException)
            {
                return false;
            }
        }, Patience);

        head.Sequence.Should().Be(1);
        head.Epoch.Should().NotBe(epoch);
        logs.All.Should().Contain(line => line.Text.Contains("older copy", StringComparison.Ordinal));
    }

    [Test]
    public async Task A_standby_alone_is_not_ready()
    {
        await using var stores = new EventStorePostgresUnderTest(_primary.ConnectionString);
        await stores.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
        await using var lost = new EventStorePostgresUnderTest(_standby.ConnectionString);

        var read = () => lost.Events.HeadAsync(NewUser());
        await read.Should().ThrowAsync<StoreUnavailableException>().WithMessage("*standby*");
    }

    static async Task<StreamPosition?> AcknowledgedAsync(IEventStore store, NewEvent item)
    {
        try
        {
            return (await store.AppendAllAsync(Unit(item)))[0] is AppendOutcome.Committed committed ? committed.Events[0].Position : null;
        }
        catch (StoreUnavailableException)
        {
            return null;
        }
    }
}
