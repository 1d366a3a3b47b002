using System.Collections.Concurrent;
using System.Net;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Server;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>A cluster that changes from one backplane to the other: neither hears the other's pushes, and nothing is lost.</summary>
[Category("Integration")]
public sealed class MixedBackplanesTests
{
    const string User = "user_42";
    const int PerNode = 30;
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly TestTokens _tokens = TestTokens.Hmac();
    RedisServer _redis = null!;
    RealtimeHost _shard = null!;
    RealtimeHost _stock = null!;

    [SetUp]
    public async Task Start()
    {
        _redis = await RedisServer.StartAsync().WithinDeadline(Patience);
        string postgres = await Shared.CreateDatabaseAsync();
        _shard = await StartNodeAsync(postgres, BackplaneKind.Shard);
        _stock = await StartNodeAsync(postgres, BackplaneKind.Stock);
    }

    [TearDown]
    public async Task Stop()
    {
        await _stock.DisposeAsync();
        await _shard.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [OneTimeTearDown]
    public void DisposeTokens() => _tokens.Dispose();

    [Test]
    public async Task Clients_of_both_nodes_get_what_is_published_on_either_once_and_in_order()
    {
        var seen = new ConcurrentDictionary<Uri, ConcurrentQueue<long>>();
        await using var atShard = await FollowAsync(_shard);
        await using var atStock = await FollowAsync(_stock);

        using var toShard = _shard.ClientFor("worker", Scopes.Publish);
        using var toStock = _stock.ClientFor("worker", Scopes.Publish);
        for (int i = 0; i < PerNode; i++)
        {
            await PublishAsync(toShard);
            await PublishAsync(toStock);
        }

        var all = Enumerable.Range(1, 2 * PerNode).Select(i => (long)i).ToList();
        await Eventually.Async("both clients have seen all", () => seen.Values.All(s => s.Count >= all.Count), Patience);
        seen[_shard.Address].Should().Equal(all);
        seen[_stock.Address].Should().Equal(all);

        async Task<AgentEventsClient> FollowAsync(RealtimeHost node)
        {
            var events = seen[node.Address] = [];
            var client = new AgentEventsClient(new AgentEventsClientOptions
            {
                ServerUrl = node.Address,
                UserId = User,
                AccessTokenProvider = _ => new(_tokens.Create(User)),
                IdleCheckInterval = TimeSpan.FromMinutes(5), // what arrives, the server has told
            });
            client.On((e, _) =>
            {
                events.Enqueue(e.Position.Sequence);
                return Task.CompletedTask;
            });
            await client.StartAsync().WithinDeadline();
            return client;
        }
    }

    [Test]
    public async Task A_stock_node_tells_the_head_once_each_time_it_has_risen()
    {
        await using var tap = await HubTap.ConnectAsync(_stock.Address, User, _tokens.Create(User));
        using var publisher = _shard.ClientFor("worker", Scopes.Publish);

        await PublishAsync(publisher);
        await Eventually.Async("the new head is told", () => tap.Heads.Any(h => h.EndsWith(".1", StringComparison.Ordinal)), Patience);
        await PublishAsync(publisher);
        await Eventually.Async("the next head is told", () => tap.Heads.Any(h => h.EndsWith(".2", StringComparison.Ordinal)), Patience);

        tap.Heads.Count(h => h.EndsWith(".1", StringComparison.Ordinal)).Should().Be(1);
    }

    [Test]
    public async Task A_connection_of_a_stock_node_hears_of_new_events_while_redis_is_dead()
    {
        await using var tap = await HubTap.ConnectAsync(_stock.Address, User, _tokens.Create(User));
        await _redis.KillAsync().WithinDeadline();
        using var publisher = _shard.ClientFor("worker", Scopes.Publish);

        await PublishAsync(publisher);

        await Eventually.Async("the head is told", () => tap.Heads.Any(h => h.EndsWith(".1", StringComparison.Ordinal)), Patience);
    }

    Task<RealtimeHost> StartNodeAsync(string postgres, BackplaneKind backplane) => RealtimeHost.StartAsync(
        new Dictionary<string, string?>
        {
            ["ConnectionStrings:Postgres"] = postgres,
            ["ConnectionStrings:Redis"] = _redis.ConnectionString,
            ["Realtime:Backplane"] = backplane.ToString(),
            ["Realtime:HeadCheckInterval"] = "00:00:00.3",
        },
        _tokens);

    static async Task PublishAsync(HttpClient publisher) =>
        (await publisher.PostAsync(Routes.Events, Samples.Json(Samples.Step(User))).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Created);
}
