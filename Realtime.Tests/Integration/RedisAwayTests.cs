using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Our own backplane and the head check: Redis is only ever a hint.</summary>
[Category("Integration")]
public sealed class RedisAwayTests : OwnRedisTests
{
    [Test]
    public async Task While_redis_is_dead_new_connections_work_and_events_of_the_other_node_arrive_and_pushes_resume_after_its_return()
    {
        await using var a = await RealtimeHost.StartAsync(_settings, _tokens);
        await using var b = await RealtimeHost.StartAsync(_settings, _tokens);
        using var publisher = a.ClientFor("worker", Scopes.Publish);
        await using var before = await HubTap.ConnectAsync(b.Address, User, _tokens.Create(User));
        await PublishAsync(publisher);
        await before.WaitForEventsAsync(1);

        await _redis.KillAsync();
        await using var during = await HubTap.ConnectAsync(b.Address, User, _tokens.Create(User));
        for (int i = 0; i < 5; i++) await PublishAsync(publisher);
        await before.WaitForEventsAsync(6);
        await during.WaitForEventsAsync(5);

        await _redis.RestartAsync().WithinDeadline(TimeSpan.FromSeconds(30));
        await Eventually.Async("both nodes are ready again", async () => await IsHealthyAsync(a) && await IsHealthyAsync(b), Patience);
        await PublishAsync(publisher);
        await before.WaitForEventsAsync(7);
        await during.WaitForEventsAsync(6);
        before.Sequences.Distinct().Should().Equal(1, 2, 3, 4, 5, 6, 7);
        before.Connection.State.Should().Be(Microsoft.AspNetCore.SignalR.Client.HubConnectionState.Connected);
    }

    [Test]
    public async Task A_node_that_starts_without_redis_serves_and_finds_it_later()
    {
        await _redis.KillAsync();
        await using var node = await RealtimeHost.StartAsync(_settings, _tokens);
        using var publisher = node.ClientFor("worker", Scopes.Publish);
        await using var tap = await HubTap.ConnectAsync(node.Address, User, _tokens.Create(User));

        await PublishAsync(publisher);
        await tap.WaitForEventsAsync(1);
        (await IsHealthyAsync(node)).Should().BeFalse();

        await _redis.RestartAsync().WithinDeadline(TimeSpan.FromSeconds(30));
        await Eventually.Async("the node finds Redis", () => IsHealthyAsync(node), Patience);
    }

    [Test]
    public async Task An_event_that_nobody_pushed_arrives_with_nothing_following_it()
    {
        await using var node = await RealtimeHost.StartAsync(_settings, _tokens);
        await using var tap = await HubTap.ConnectAsync(node.Address, User, _tokens.Create(User));
        await using var connection = await SqlDoor.ConnectAsync(_settings["ConnectionStrings:Postgres"]!);

        await using var append = new NpgsqlCommand("select * from append_agent_event($1, 'briefing.delivered', '{\"by\":\"sql\"}')", connection);
        append.Parameters.AddWithValue(User);
        await append.ExecuteNonQueryAsync();

        await tap.WaitForEventsAsync(1);
        tap.Events[0].GetProperty("data").GetRawText().Should().Be("{\"by\":\"sql\"}");
    }

    [Test]
    public async Task A_node_whose_subscriptions_are_killed_on_a_stream_that_never_goes_quiet_misses_nothing()
    {
        await using var a = await RealtimeHost.StartAsync(_settings, _tokens);
        await using var b = await RealtimeHost.StartAsync(_settings, _tokens);
        using var publisher = a.ClientFor("worker", Scopes.Publish);
        await using var tap = await HubTap.ConnectAsync(b.Address, User, _tokens.Create(User));

        for (int i = 0; i < 60; i++)
        {
            if (i % 15 == 5) await _redis.CliAsync("CLIENT", "KILL", "TYPE", "pubsub");
            await PublishAsync(publisher);
        }

        await tap.WaitForEventsAsync(60, Patience);
    }

    [Test]
    public async Task A_tab_that_does_not_read_delays_neither_its_sibling_nor_the_publisher()
    {
        await using var node = await RealtimeHost.StartAsync(_settings, _tokens);
        using var publisher = node.ClientFor("worker", Scopes.Publish);
        using var stuck = new ClientWebSocket();
        stuck.Options.SetBuffer(1024, 1024);
        await stuck.ConnectAsync(new Uri($"ws://{node.Address.Authority}{Routes.HubFor(User)}?access_token={_tokens.Create(User)}"), CancellationToken.None).WithinDeadline();
        await stuck.SendAsync(Encoding.UTF8.GetBytes("{\"protocol\":\"json\",\"version\":1}\u001e"), WebSocketMessageType.Text, true, CancellationToken.None).WithinDeadline();
        var seen = new List<long>();
        await using var healthy = new AgentEventsClient(new AgentEventsClientOptions
        {
            ServerUrl = node.Address,
            UserId = User,
            AccessTokenProvider = _ => new(_tokens.Create(User)),
            StartFrom = StartFrom.Beginning,
        });
        healthy.On((e, _) =>
        {
            seen.Add(e.Position.Sequence);
            return Task.CompletedTask;
        });
        await healthy.StartAsync().WithinDeadline();
        var step = Samples.Step(User);
        step["data"]!["summary"] = new string('x', 60_000);
        var batch = new JsonArray([.. Enumerable.Range(0, 15).Select(_ => step.DeepClone())]);

        // 27 MB: far more than the kernel and the transport hold for a tab that does not read.
        for (int i = 0; i < 30; i++)
        {
            var receipts = await (await publisher.PostAsync(Routes.Events, Samples.Json(batch)).WithinDeadline()).JsonAsync();
            var last = StreamPosition.Parse(receipts[14].GetProperty("position").GetString()!);
            await healthy.WaitForAsync(last).WithinDeadline();
        }

        seen.Should().Equal(Enumerable.Range(1, 450).Select(i => (long)i));
    }

    static async Task PublishAsync(HttpClient publisher) =>
        (await publisher.PostAsync(Routes.Events, Samples.Json(Samples.Step(User))).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Created);

    static async Task<bool> IsHealthyAsync(RealtimeHost host)
    {
        using var http = host.ClientWith(token: null);
        return (await (await http.GetAsync(Routes.Ready)).JsonAsync()).GetProperty("status").GetString() == "healthy";
    }
}
