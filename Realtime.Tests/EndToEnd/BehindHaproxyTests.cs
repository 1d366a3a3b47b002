using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Tests.Draining;
using Realtime.Tests.Repository;
using Realtime.Tests.Support;

namespace Realtime.Tests.EndToEnd;

/// <summary>
/// What compose.yaml describes, started natively: PostgreSQL with the roles of deploy/postgres-roles.sh, Redis with the user of compose.yaml, the
/// schema made by its owner, two nodes, and deploy/haproxy.cfg in front of them.
/// </summary>
[Category("Integration")]
[NonParallelizable] // that nobody sees a restart rests on checks every half second, which a machine that is full misses
public sealed partial class BehindHaproxyTests
{
    const int Users = 4;
    const string Configuration = "deploy/haproxy.cfg";
    static readonly string RedisSecret = Guid.NewGuid().ToString("N");
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);

    readonly ConcurrentDictionary<string, long> _heads = new();
    int _published;

    [Test]
    public async Task Both_nodes_are_restarted_and_then_one_is_killed_and_nobody_sees_an_error_of_the_restarts_or_loses_anything()
    {
        using var tokens = TestTokens.Hmac();
        await using var postgres = await PostgresServer.StartAsync().WithinDeadline(Patience);
        string database = await MakeRolesAndSchemaAsync(postgres);
        await using var redis = await RedisServer.StartAsync(extraArguments: RedisUsers()).WithinDeadline(Patience);
        var settings = new Dictionary<string, string?>(tokens.ServerSettings())
        {
            ["ConnectionStrings:Postgres"] = database,
            ["ConnectionStrings:Redis"] = $"{redis.ConnectionString},user=realtime,password={RedisSecret}",
            ["Realtime:DrainWindow"] = "00:00:03",
        };
        await using var first = await ServerNode.StartAsync(new() { Settings = settings }).WithinDeadline(Patience);
        await using var second = await ServerNode.StartAsync(new() { Settings = settings }).WithinDeadline(Patience);
        await using var haproxy = await HaproxyServer.StartAsync(Configuration, Addresses(first, second)).WithinDeadline(Patience);
        var clients = Enumerable.Range(0, 3 * Users).Select(i => new OurClient(haproxy.Address, $"user_{i % Users}", tokens)).ToList();
        try
        {
            await Task.WhenAll(clients.Select(c => c.StartAsync())).WithinDeadline(Patience);
            foreach (var node in new[] { first, second })
                await Eventually.Async("Redis lets its user in", () => node.Output.Any(line => line.Contains("Redis is here", StringComparison.Ordinal)));
            using var stop = new CancellationTokenSource();
            var publishing = PublishAsync(haproxy.Address, tokens, stop.Token);

            foreach (var (node, name) in new[] { (first, "node1"), (second, "node2") })
            {
                (await node.TerminateAsync().WithinDeadline(Patience)).Should().Be(0, string.Join('\n', node.Output));
                await node.RestartAsync().WithinDeadline(Patience);
                await Eventually.Async($"haproxy sees {name} again", () => haproxy.Output.Any(l => l.Contains($"nodes/{name} is UP", StringComparison.Ordinal)), Patience);
                await HasPublishedAsync(20);
            }

            clients.SelectMany(c => c.AskedToReturnAfter).Count().Should().BeGreaterThanOrEqualTo(clients.Count, "each was handed over at least once");
            Statuses(haproxy).Should().NotBeEmpty().And.OnlyContain(s => s < 500, "a restart is nobody's business:\n{0}", string.Join('\n', haproxy.Output.Where(l => Logged().Match(l) is { Success: true } m && m.Groups["status"].Value[0] == '5')));

            await first.KillAsync();
            await HasPublishedAsync(50);
            await stop.CancelAsync();
            await publishing.WithinDeadline(Patience);
            foreach (var client in clients)
            {
                await client.HasSeenAsync(_heads[client.User]);
                client.Seen.Should().Equal(Enumerable.Range(1, (int)_heads[client.User]).Select(i => (long)i), client.ToString());
            }

            haproxy.Output.Should().NotContain(line => line.Contains("access_token", StringComparison.Ordinal), "its log holds no query");
            using var http = new HttpClient { BaseAddress = haproxy.Address };
            (await http.StatusAsync("/metrics")).Should().Be(System.Net.HttpStatusCode.NotFound, "metrics are not for the outside");
        }
        finally
        {
            foreach (var client in clients) await client.DisposeAsync();
        }
    }

    [Test]
    public async Task Haproxy_finds_no_fault_in_its_configuration()
    {
        string said = await HaproxyServer.CheckAsync(Configuration, new Dictionary<string, string> { ["BIND"] = ":8080", ["NODE1"] = "10.0.0.11:8080", ["NODE2"] = "10.0.0.12:8080" }).WithinDeadline();

        said.Should().NotContain("WARNING");
    }

    /// <summary>As the image of PostgreSQL runs the script, and as compose.yaml makes the schema; returns what a node connects with.</summary>
    static async Task<string> MakeRolesAndSchemaAsync(PostgresServer postgres)
    {
        // The harness has made its own of the same names.
        await postgres.PsqlAsync($"drop database {PostgresServer.DefaultDatabase}", "postgres").WithinDeadline(Patience);
        await postgres.PsqlAsync($"drop role {PostgresServer.OwnerRole}; drop role {PostgresServer.ServerRole};", "postgres").WithinDeadline(Patience);
        string superuser = new NpgsqlConnectionStringBuilder(PostgresServer.AsSuperuser(postgres.ConnectionString)).Username!;
        string script = string.Create(CultureInfo.InvariantCulture, $"""
            export PGHOST=127.0.0.1 PGPORT={postgres.Port} POSTGRES_USER={superuser} OWNER_PASSWORD=o APP_PASSWORD="it's"
            exec deploy/postgres-roles.sh
            """);
        await using (var roles = await ProgramRun.StartAsync("sh", ["-s"], input: script))
            (await roles.WaitForExitAsync(Patience)).Should().Be(0, string.Join('\n', roles.Output));

        string database = new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Database = "realtime" }.ConnectionString;
        await using var upgrade = await ProgramRun.StartProjectAsync(
            "Realtime.Server", ["schema", "upgrade", "--server-role", PostgresServer.ServerRole, "--ConnectionStrings:Postgres", PostgresServer.As(PostgresServer.OwnerRole, database)]);
        (await upgrade.WaitForExitAsync(Patience)).Should().Be(0, string.Join('\n', upgrade.Output));
        return PostgresServer.As(PostgresServer.ServerRole, database);
    }

    /// <summary>The users of compose.yaml's Redis, as options of redis-server.</summary>
    static IReadOnlyList<string> RedisUsers()
    {
        var users = RedisUser().Matches(TrackedFiles.Read("compose.yaml")).Select(m => RedisPassword().Replace(m.Groups["option"].Value, RedisSecret)).ToList();
        users.Should().HaveCount(2);
        return users;
    }

    static Dictionary<string, string> Addresses(ServerNode first, ServerNode second) => new()
    {
        ["NODE1"] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{first.Port}"),
        ["NODE2"] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{second.Port}"),
    };

    /// <summary>What clients were answered, from the log: <c>address frontend backend/server times status …</c>.</summary>
    static IEnumerable<int> Statuses(HaproxyServer haproxy) => haproxy.Output.Select(l => Logged().Match(l)).Where(m => m.Success).Select(m => int.Parse(m.Groups["status"].Value, CultureInfo.InvariantCulture));

    Task HasPublishedAsync(int more)
    {
        int enough = Volatile.Read(ref _published) + more;
        return Eventually.Async($"{more} more events are published", () => Volatile.Read(ref _published) >= enough, Patience);
    }

    async Task PublishAsync(Uri server, TestTokens tokens, CancellationToken stopping)
    {
        using var publisher = new AgentEventsPublisher(new() { ServerUrl = server, AccessTokenProvider = _ => new(tokens.Create("worker", Scopes.Publish)), MaxAttempts = 20 });
        using var timer = new PeriodicTimer(Pace);
        for (int i = 0; !stopping.IsCancellationRequested; i++)
        {
            string user = $"user_{i % Users}";
            var receipt = await publisher.PublishAsync(user, ServerKilledTests.Step(i), cancellationToken: CancellationToken.None);
            _heads[user] = receipt.Position.Sequence;
            Interlocked.Increment(ref _published);
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    [GeneratedRegex(@"^\s*- (?<option>--user .*)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex RedisUser();

    [GeneratedRegex(@"\$\{REDIS_PASSWORD[^}]*\}", RegexOptions.NonBacktracking)]
    private static partial Regex RedisPassword();

    [GeneratedRegex(@"^\S+ realtime \S+ [-0-9/+]+ (?<status>[0-9]{3}) ", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Logged();
}
