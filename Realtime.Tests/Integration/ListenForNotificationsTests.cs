using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Realtime.Harness;
using Realtime.Server;
using Realtime.Server.EventStore;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>
/// Nodes that listen. Their head check runs once a minute and every wait here ends sooner, so that what arrives
/// was brought by a notification.
/// </summary>
[Category("Integration")]
public sealed class ListenForNotificationsTests
{
    const string User = "user_42";
    const string Listeners = "select pid from pg_stat_activity where datname = current_database() and application_name like 'realtime%listener' and query = 'listen realtime_events'";
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);
    readonly TestTokens _tokens = TestTokens.Hmac();
    string _database = null!;

    [SetUp]
    public async Task CreateDatabase() => _database = await Shared.CreateDatabaseAsync();

    [OneTimeTearDown]
    public void DisposeTokens() => _tokens.Dispose();

    [Test]
    public async Task An_append_in_sql_reaches_the_clients_of_every_node_although_no_head_check_is_due()
    {
        await using var a = await StartAsync();
        await using var b = await StartAsync();
        await using var tapA = await ConnectAsync(a);
        await using var tapB = await ConnectAsync(b);
        await UntilListeningAsync(2);

        for (int i = 1; i <= 3; i++) await SqlDoor.AppendAsync(_database, User, data: $"{i}");

        foreach (var tap in (HubTap[])[tapA, tapB])
        {
            await tap.WaitForEventsAsync(3);
            tap.Sequences.Distinct().Should().Equal(1, 2, 3);
        }
    }

    [Test]
    public async Task A_listening_connection_that_is_killed_comes_back_and_nothing_is_missing()
    {
        await using var host = await StartAsync();
        await using var tap = await ConnectAsync(host);
        await using var admin = await SqlDoor.ConnectAsync(_database);

        var killed = new List<int>();
        for (int round = 1; round <= 3; round++)
        {
            int listener = 0;
            await Eventually.Async("a connection listens that was not killed", async () => await admin.RunAsync($"select max(pid) from ({Listeners}) as l where pid <> all($1)", killed.ToArray()) is int pid && (listener = pid) > 0, Patience);
            (await admin.RunAsync("select pg_terminate_backend($1)", listener)).Should().Be(true);
            killed.Add(listener); // it may be seen for a while yet
            // Into the time when nobody listens, or just after it: either way it arrives.
            await SqlDoor.AppendAsync(_database, User, data: $"{round}");
            await Eventually.Async($"event {round} has arrived", () => tap.Sequences.Contains(round) || tap.Heads.Any(h => h.EndsWith($".{round}", StringComparison.Ordinal)), Patience);
        }

        await UntilListeningAsync(1);
        await SqlDoor.AppendAsync(_database, User, data: "4");
        await Eventually.Async("the last one has arrived as an event", () => tap.Sequences.Contains(4), Patience);
        host.Logs.All.Should().Contain(l => l.Text.Contains("Not listening to the database", StringComparison.Ordinal));
    }

    [Test]
    public async Task A_listening_connection_that_is_cut_without_a_word_is_noticed()
    {
        var postgres = await Shared.PostgresAsync();
        await using var network = CuttableProxy.Start(postgres.Port);
        var settings = new NpgsqlConnectionStringBuilder(_database) { Port = network.Port, KeepAlive = 1 };
        await using var host = await StartAsync(settings.ConnectionString);
        await using var tap = await ConnectAsync(host);
        await UntilListeningAsync(1);

        network.BlackHole();
        await Eventually.Async("the silence is noticed", () => host.Logs.All.Any(l => l.Text.Contains("Not listening to the database", StringComparison.Ordinal)), Patience);
        network.Heal();
        await Eventually.Async("it listens again", () => host.Logs.All.Count(l => l.Text.StartsWith("Listening to the database", StringComparison.Ordinal)) > 1, TimeSpan.FromSeconds(60));
        await SqlDoor.AppendAsync(_database, User);

        await Eventually.Async("the append arrives", () => tap.Sequences.Contains(1) || tap.Heads.Any(h => h.EndsWith(".1", StringComparison.Ordinal)), Patience);
    }

    [Test]
    public async Task A_storm_of_notifications_for_others_costs_no_read_and_delays_nobody()
    {
        var calls = new ConcurrentQueue<(string Method, object?[] Arguments)>();
        await using var host = await StartAsync(configure: services => services.AddSingleton(
            s => Recording<IEventStore>.Of(new PostgresEventStore(s.GetRequiredService<PostgresDatabase>()), calls)));
        await using var tap = await ConnectAsync(host);
        await UntilListeningAsync(1);
        await using var storm = await SqlDoor.ConnectAsync(_database);

        await storm.RunAsync("select count(pg_notify('realtime_events', 'stranger_' || i)) from generate_series(1, 20000) as i");
        await storm.RunAsync("select pg_notify('realtime_events', ''), pg_notify('realtime_events', 'agent:status:user_42'), pg_notify('realtime_events', repeat('x', 7999))");
        await SqlDoor.AppendAsync(_database, User);
        await tap.WaitForEventsAsync(1);

        var asked = calls.SelectMany(c => c.Arguments).OfType<IReadOnlyCollection<string>>().SelectMany(users => users)
            .Concat(calls.Where(c => c.Method.StartsWith("Read", StringComparison.Ordinal)).SelectMany(c => c.Arguments).OfType<string>());
        asked.Distinct().Should().Equal(User);
    }

    [TestCase("Realtime:Backplane", "Stock", true, "Realtime:Backplane shard")]
    [TestCase("Realtime:HeadCheckInterval", "00:00:01", false, "ConnectionStrings:Postgres")]
    public async Task A_node_that_could_not_listen_refuses_to_start(string key, string value, bool hasPostgres, string named)
    {
        var settings = new Dictionary<string, string?> { [key] = value, ["Realtime:ListenForNotifications"] = "True" };
        if (hasPostgres) settings["ConnectionStrings:Postgres"] = _database;
        var start = () => RealtimeHost.StartAsync(settings, _tokens);

        (await start.Should().ThrowAsync<RealtimeConfigurationException>()).Which.Message.Should().Contain("Realtime:ListenForNotifications").And.Contain(named);
    }

    Task<RealtimeHost> StartAsync(string? database = null, Action<IServiceCollection>? configure = null) => RealtimeHost.StartAsync(
        new Dictionary<string, string?>
        {
            ["ConnectionStrings:Postgres"] = database ?? _database,
            ["Realtime:ListenForNotifications"] = "true",
            ["Realtime:HeadCheckInterval"] = "00:01:00",
        },
        _tokens,
        configure: configure);

    Task<HubTap> ConnectAsync(RealtimeHost host) => HubTap.ConnectAsync(host.Address, User, _tokens.Create(User));

    async Task UntilListeningAsync(int nodes)
    {
        await using var admin = await SqlDoor.ConnectAsync(_database);
        await Eventually.Async($"{nodes} node(s) listen", async () => (long)(await admin.RunAsync($"select count(*) from ({Listeners}) as l"))! == nodes, Patience);
    }
}
