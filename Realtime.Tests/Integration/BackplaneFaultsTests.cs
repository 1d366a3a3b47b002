using System.Net;
using Microsoft.Extensions.Logging;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Our own backplane where Redis answers late, answers no, or the store is away too.</summary>
[Category("Integration")]
public sealed class BackplaneFaultsTests
{
    const string User = "user_42";
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly TestTokens _tokens = TestTokens.Hmac();

    [OneTimeTearDown]
    public void DisposeTokens() => _tokens.Dispose();

    [Test]
    public async Task A_second_connection_that_joins_while_the_store_is_away_is_told_the_head_after_its_return()
    {
        await using var postgres = await PostgresServer.StartAsync().WithinDeadline(Patience);
        await using var node = await RealtimeHost.StartAsync(new Dictionary<string, string?> { ["ConnectionStrings:Postgres"] = postgres.ConnectionString }, _tokens, logLevel: LogLevel.Debug);
        await using var first = await HubTap.ConnectAsync(node.Address, User, _tokens.Create(User));
        await Eventually.Async("the first connection has its head", () => first.Heads.Count > 0);
        await postgres.KillAsync().WithinDeadline(Patience);
        await using var second = await HubTap.ConnectWithoutBarrierAsync(node.Address, User, _tokens.Create(User));
        await Eventually.Async("the head could not be read", () => node.Logs.All.Any(line => line.Text.Contains("could not be read for connection", StringComparison.Ordinal)));

        await postgres.RestartAsync().WithinDeadline(Patience);

        await Eventually.Async("the head check tells it", () => second.Heads.Count > 0, Patience);
    }

    [Test]
    public async Task While_redis_stalls_local_pushes_do_not_wait_for_it_and_the_other_node_gets_events_by_the_head_check()
    {
        await using var redis = await RedisServer.StartAsync().WithinDeadline(Patience);
        string postgres = await Shared.CreateDatabaseAsync();
        await using var a = await RealtimeHost.StartAsync(Settings(postgres, redis.ConnectionString, TimeSpan.FromMinutes(1)), _tokens);
        await using var b = await RealtimeHost.StartAsync(Settings(postgres, redis.ConnectionString), _tokens);
        using var publisher = a.ClientFor("worker", Scopes.Publish);
        await using var local = await HubTap.ConnectAsync(a.Address, User, _tokens.Create(User));
        await using var remote = await HubTap.ConnectAsync(b.Address, User, _tokens.Create(User));
        await PublishAsync(publisher);
        await remote.WaitForEventsAsync(1);

        redis.Freeze();
        for (int i = 0; i < 5; i++) await PublishAsync(publisher);

        await local.WaitForEventsAsync(6);
        await remote.WaitForEventsAsync(6);
        redis.Thaw(); // not before: Redis brought none of them
        await Eventually.Async("both nodes are ready again", async () => await IsHealthyAsync(a) && await IsHealthyAsync(b), Patience);
        local.Sequences.Distinct().Should().Equal(1, 2, 3, 4, 5, 6);
        remote.Sequences.Distinct().Should().Equal(1, 2, 3, 4, 5, 6);
    }

    /// <summary>The node's sockets stand, it believes to be subscribed, and nothing comes: neither an error nor a close tells it.</summary>
    [Test]
    public async Task A_node_that_redis_does_not_reach_any_more_knows_it_and_gets_events_by_the_head_check()
    {
        await using var redis = await RedisServer.StartAsync().WithinDeadline(Patience);
        await using var wire = CuttableProxy.Start(redis.Port);
        string postgres = await Shared.CreateDatabaseAsync();
        await using var a = await RealtimeHost.StartAsync(Settings(postgres, redis.ConnectionString), _tokens);
        await using var b = await RealtimeHost.StartAsync(Settings(postgres, wire.Endpoint), _tokens);
        using var publisher = a.ClientFor("worker", Scopes.Publish);
        await using var tap = await HubTap.ConnectAsync(b.Address, User, _tokens.Create(User));
        await Eventually.Async("both nodes are ready", async () => await IsHealthyAsync(a) && await IsHealthyAsync(b), Patience);

        wire.StopForwarding(ProxyDirection.ToClient);
        for (int i = 1; i <= 5; i++)
        {
            await PublishAsync(publisher);
            await tap.WaitForEventsAsync(i); // each is the last one, with nothing following it
        }

        await Eventually.Async("the node says degraded", async () => !await IsHealthyAsync(b), Patience);
        await using var late = await HubTap.ConnectAsync(b.Address, User, _tokens.Create(User));
        wire.ResumeForwarding(ProxyDirection.ToClient);
        wire.Cut();
        await Eventually.Async("the node is ready again", () => IsHealthyAsync(b), Patience);
        await PublishAsync(publisher);
        await late.WaitForEventsAsync(1);
        await tap.WaitForEventsAsync(6);
        tap.Sequences.Distinct().Should().Equal(1, 2, 3, 4, 5, 6);
    }

    [Test]
    public async Task A_flushed_redis_costs_nothing()
    {
        await using var redis = await RedisServer.StartAsync().WithinDeadline(Patience);
        string postgres = await Shared.CreateDatabaseAsync();
        await using var a = await RealtimeHost.StartAsync(Settings(postgres, redis.ConnectionString, TimeSpan.FromMinutes(1)), _tokens);
        await using var b = await RealtimeHost.StartAsync(Settings(postgres, redis.ConnectionString, TimeSpan.FromMinutes(1)), _tokens);
        using var publisher = a.ClientFor("worker", Scopes.Publish);
        await using var tap = await HubTap.ConnectAsync(b.Address, User, _tokens.Create(User));
        await Eventually.Async("both nodes are ready", async () => await IsHealthyAsync(a) && await IsHealthyAsync(b), Patience);

        await redis.CliAsync("FLUSHALL").WithinDeadline();
        await PublishAsync(publisher);

        await tap.WaitForEventsAsync(1); // pushed: the head check would take a minute
    }

    [Test]
    public async Task Redis_counts_as_here_only_when_a_nonce_has_come_back()
    {
        await using var redis = await RedisServer.StartAsync().WithinDeadline(Patience);
        await redis.CliAsync("ACL", "SETUSER", "mute", "on", ">secret", "~*", "&*", "+@all", "-publish").WithinDeadline();

        await using var node = await RealtimeHost.StartAsync(Settings(await Shared.CreateDatabaseAsync(), redis.ConnectionString + ",user=mute,password=secret"), _tokens);

        (await IsHealthyAsync(node)).Should().BeFalse();
        await Eventually.Async("every shard is subscribed", async () => await redis.CliAsync("PUBSUB", "NUMPAT") == "8", Patience);
        node.Logs.All.Any(line => line.Text.Contains("Redis is here", StringComparison.Ordinal)).Should().BeFalse();
    }

    [Test]
    public async Task Nodes_with_a_channel_prefix_and_their_own_user_reach_one_another()
    {
        await using var redis = await RedisServer.StartAsync().WithinDeadline(Patience);
        string[] channels = [.. Enumerable.Range(0, 8).Select(shard => $"&app1:realtime:{shard}:*")];
        await redis.CliAsync(["ACL", "SETUSER", "node", "on", ">secret", "resetchannels", .. channels, "+@all", "~*"], CancellationToken.None).WithinDeadline();
        var settings = Settings(await Shared.CreateDatabaseAsync(), redis.ConnectionString + ",user=node,password=secret,channelPrefix=app1:", TimeSpan.FromMinutes(1));
        await using var a = await RealtimeHost.StartAsync(settings, _tokens);
        await using var b = await RealtimeHost.StartAsync(settings, _tokens);
        using var publisher = a.ClientFor("worker", Scopes.Publish);
        await using var remote = await HubTap.ConnectAsync(b.Address, User, _tokens.Create(User));
        await Eventually.Async("both nodes are ready", async () => await IsHealthyAsync(a) && await IsHealthyAsync(b), Patience);

        await PublishAsync(publisher);

        await remote.WaitForEventsAsync(1);
    }

    [Test]
    public async Task A_connection_is_told_its_head_once()
    {
        // A head check while the first head is being read would tell one more, and rightly so.
        await using var node = await RealtimeHost.StartAsync(new Dictionary<string, string?> { ["Realtime:HeadCheckInterval"] = "00:01:00" }, _tokens);
        using var publisher = node.ClientFor("worker", Scopes.Publish);
        await using var tap = await HubTap.ConnectAsync(node.Address, User, _tokens.Create(User));

        await PublishAsync(publisher);

        await tap.WaitForEventsAsync(1);
        tap.Heads.Should().ContainSingle();
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task SIGTERM_ends_a_node_with_code_0_within_10_s_while_redis_is_away(bool isStalled)
    {
        await using var redis = await RedisServer.StartAsync().WithinDeadline(Patience);
        var settings = _tokens.ServerSettings().Concat(Settings(await Shared.CreateDatabaseAsync(), redis.ConnectionString))
            .Append(new("Logging:LogLevel:Realtime.Server", "Debug")).ToDictionary();
        await using var node = await ServerNode.StartAsync(new() { Settings = settings }).WithinDeadline(Patience);
        await Eventually.Async("Redis is here", () => Says("Redis is here"), Patience);
        await using var listening = await HubTap.ConnectAsync(node.Address, User, _tokens.Create(User));
        if (isStalled) await redis.PauseAsync(TimeSpan.FromMinutes(2)).WithinDeadline();
        else await redis.KillAsync().WithinDeadline();
        await Eventually.Async("Redis is missed", () => Says("Redis is away") && (!isStalled || Says("could not be subscribed")), Patience);

        int code = await node.TerminateAsync().WithinDeadline(TimeSpan.FromSeconds(10));

        code.Should().Be(0, string.Join('\n', node.Output));

        bool Says(string text) => node.Output.Any(line => line.Contains(text, StringComparison.Ordinal));
    }

    static Dictionary<string, string?> Settings(string postgres, string redis, TimeSpan? headCheckInterval = null)
    {
        var settings = new Dictionary<string, string?> { ["ConnectionStrings:Postgres"] = postgres, ["ConnectionStrings:Redis"] = redis };
        if (headCheckInterval is { } interval) settings["Realtime:HeadCheckInterval"] = interval.ToString();
        return settings;
    }

    static async Task PublishAsync(HttpClient publisher) =>
        (await publisher.PostAsync(Routes.Events, Samples.Json(Samples.Step(User))).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Created);

    static async Task<bool> IsHealthyAsync(RealtimeHost host)
    {
        using var http = host.ClientWith(token: null);
        return (await (await http.GetAsync(Routes.Ready)).JsonAsync()).GetProperty("status").GetString() == "healthy";
    }
}
