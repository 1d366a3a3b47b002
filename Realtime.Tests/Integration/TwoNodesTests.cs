using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Contracts.Rest;
using Realtime.Harness;
using Realtime.Server;
using Realtime.Server.Publishing;
using Realtime.Tests.Support;
using StackExchange.Redis;
using StreamPosition = Realtime.Contracts.StreamPosition;

namespace Realtime.Tests.Integration;

/// <summary>Two nodes, and a worker beside them, over real PostgreSQL and Redis.</summary>
[Category("Integration")]
[TestFixture(BackplaneKind.Shard)]
[TestFixture(BackplaneKind.Stock)]
public sealed class TwoNodesTests(BackplaneKind backplane) : OwnRedisTests
{
    [SetUp]
    public void ChooseBackplane()
    {
        _settings["Realtime:Backplane"] = backplane.ToString();
        _settings["Realtime:PublishTimeout"] = "00:01:00";
    }

    [Test]
    public async Task A_publish_on_one_node_reaches_the_group_on_the_other_through_a_channel_of_that_name()
    {
        await using var a = await RealtimeHost.StartAsync(_settings, _tokens);
        await using var b = await RealtimeHost.StartAsync(_settings, _tokens);
        await using var tap = await HubTap.ConnectAsync(b.Address, User, _tokens.Create(User));
        using var publisher = a.ClientFor("worker", Scopes.Publish);
        await using var observer = await ConnectionMultiplexer.ConnectAsync(_redis.ConnectionString).WithinDeadline();
        var seen = new ConcurrentQueue<string>();
        await observer.GetSubscriber().SubscribeAsync(RedisChannel.Pattern("*"), (channel, _) => seen.Enqueue(channel.ToString())).WithinDeadline();
        await Eventually.Async("both nodes are ready", async () => await IsHealthyAsync(a) && await IsHealthyAsync(b), Patience);

        (await publisher.PostAsync(Routes.Events, Samples.Json(Samples.Step(User)))).StatusCode.Should().Be(HttpStatusCode.Created);
        await tap.WaitForEventsAsync(1);

        tap.Sequences.Distinct().Should().Equal(1);
        await Eventually.Async("the channel is seen", () => seen.Any(c => c.EndsWith($"agent:status:{User}", StringComparison.Ordinal)));
    }

    [Test]
    public async Task Thirty_two_publishers_on_two_nodes_leave_no_gap_and_both_nodes_clients_get_everything()
    {
        await using var a = await RealtimeHost.StartAsync(_settings, _tokens);
        await using var b = await RealtimeHost.StartAsync(_settings, _tokens);
        await using var tapA = await HubTap.ConnectAsync(a.Address, User, _tokens.Create(User));
        await using var tapB = await HubTap.ConnectAsync(b.Address, User, _tokens.Create(User));
        await Eventually.Async("both nodes are ready", async () => await IsHealthyAsync(a) && await IsHealthyAsync(b), Patience);
        const int perPublisher = 20;

        await Task.WhenAll(Enumerable.Range(0, 32).Select(async worker =>
        {
            using var http = (worker % 2 == 0 ? a : b).ClientFor("worker", Scopes.Publish);
            long last = 0;
            for (int i = 0; i < perPublisher; i++)
            {
                var receipt = await (await http.PostAsync(Routes.Events, Samples.Json(Samples.Step(User, worker)))).JsonAsync();
                long sequence = StreamPosition.Parse(receipt.GetProperty("position").GetString()!).Sequence;
                sequence.Should().BeGreaterThan(last, "what is acknowledged before the next is sent comes first");
                last = sequence;
            }
        })).WithinDeadline(Patience);
        await tapA.WaitForEventsAsync(32 * perPublisher, Patience);
        await tapB.WaitForEventsAsync(32 * perPublisher, Patience);

        var everything = Enumerable.Range(1, 32 * perPublisher).Select(i => (long)i).ToList();
        tapA.Sequences.Distinct().Should().BeEquivalentTo(everything);
        tapB.Sequences.Distinct().Should().BeEquivalentTo(everything);
        using var reader = a.ClientFor(User);
        var page = await (await reader.GetAsync($"{Routes.Events}?limit=1000")).JsonAsync();
        page.GetProperty("events").EnumerateArray().Select(e => StreamPosition.Parse(e.GetProperty("position").GetString()!).Sequence).Should().Equal(everything);
    }

    [Test]
    public async Task A_publish_while_redis_is_dead_does_not_throw_and_the_event_is_recoverable()
    {
        _settings["ConnectionStrings:Redis"] += ",connectTimeout=1000,asyncTimeout=1000";
        await using var a = await RealtimeHost.StartAsync(_settings, _tokens);
        await using var b = await RealtimeHost.StartAsync(_settings, _tokens);
        await using var tap = await HubTap.ConnectAsync(b.Address, User, _tokens.Create(User));
        using var publisher = a.ClientFor("worker", Scopes.Publish);
        using var reader = b.ClientFor(User);

        await _redis.KillAsync();
        var published = await publisher.PostAsync(Routes.Events, Samples.Json(Samples.Step(User))).WithinDeadline();

        published.StatusCode.Should().Be(HttpStatusCode.Created);
        (await tap.HeadAsync()).Should().EndWith(".1", "the connection stays and its barrier answers from the store");
        (await (await reader.GetAsync(Routes.Events)).JsonAsync()).GetProperty("events").GetArrayLength().Should().Be(1);
        await Eventually.Async("ready says degraded, and still 200", async () =>
        {
            var ready = await publisher.GetAsync(Routes.Ready);
            ready.StatusCode.Should().Be(HttpStatusCode.OK);
            return (await ready.JsonAsync()).GetProperty("status").GetString() == "degraded";
        }, Patience);
        await Eventually.Async(
            backplane == BackplaneKind.Stock ? "the failed push is logged" : "the head check delivers it all the same",
            () => backplane == BackplaneKind.Stock ? a.Logs.All.Any(l => l.Text.Contains("Push to the group", StringComparison.Ordinal)) : tap.Sequences.Contains(1),
            Patience);
    }

    [Test]
    public async Task A_worker_in_a_host_of_its_own_publishes_to_the_same_group_and_obeys_the_same_brake()
    {
        await using var node = await RealtimeHost.StartAsync(_settings, _tokens);
        await using var tap = await HubTap.ConnectAsync(node.Address, User, _tokens.Create(User));
        await Eventually.Async("the node is ready", () => IsHealthyAsync(node), Patience);
        var builder = Host.CreateApplicationBuilder();
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(_settings);
        builder.AddRealtimePublisher();
        using var worker = builder.Build();
        await worker.StartAsync().WithinDeadline(TimeSpan.FromSeconds(30));
        var publisher = worker.Services.GetRequiredService<IAgentEventPublisher>();
        var brake = worker.Services.GetRequiredService<IAgentBrake>();

        var receipt = await publisher.PublishAsync(User, new BriefingDelivered { BriefingId = "b1", Title = "Morning", Channel = "email", ItemCount = 3 }).WithinDeadline();
        await tap.WaitForEventsAsync(1);
        using var user = node.ClientFor(User);
        await user.PutAsync(Routes.Brake, Samples.Json("""{"engaged":true}"""));

        receipt.Position.Sequence.Should().Be(1);
        tap.Events[0].GetProperty("data").GetProperty("title").GetString().Should().Be("Morning");
        (await brake.ReadAsync(User).WithinDeadline()).Engaged.Should().BeTrue();
        var invalid = () => publisher.PublishAsync(new PublishRequest { UserId = User, Type = "agent.danced", Data = EventData.Parse("{}") });
        (await invalid.Should().ThrowAsync<InvalidEventException>()).Which.Field.Should().Be("type");
        await worker.StopAsync().WithinDeadline(TimeSpan.FromSeconds(30));
    }

    static async Task<bool> IsHealthyAsync(RealtimeHost host)
    {
        using var http = host.ClientWith(token: null);
        return (await (await http.GetAsync(Routes.Ready)).JsonAsync()).GetProperty("status").GetString() == "healthy";
    }
}
