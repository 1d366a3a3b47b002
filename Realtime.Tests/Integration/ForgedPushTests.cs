using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Harness;
using Realtime.Server;
using Realtime.Server.FanOut;
using Realtime.Server.Publishing;
using Realtime.Tests.Client;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Redis is input from outside: what somebody publishes there who is no node, and what keys have to do with it.</summary>
[Category("Integration")]
public sealed class ForgedPushTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    static readonly TimeSpan NoHeadCheck = TimeSpan.FromMinutes(1);
    static int _users;

    readonly TestTokens _tokens = TestTokens.Hmac();
    readonly RefusedPushes _refused = new();
    string _database = null!;
    RedisServer _server = null!;
    RedisEavesdropper _forger = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _database = await Shared.CreateDatabaseAsync();
        _server = await RedisServer.StartAsync().WithinDeadline(Patience); // its own: what others push over a shared one would be counted too
        _forger = await RedisEavesdropper.StartAsync(_server.ConnectionString);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (_forger is not null) await _forger.DisposeAsync();
        if (_server is not null) await _server.DisposeAsync();
        _refused.Dispose();
        _tokens.Dispose();
    }

    [Test]
    public async Task What_is_forged_changed_cut_or_copied_reaches_no_client_and_what_is_genuine_does()
    {
        await using var a = await StartNodeAsync();
        await using var b = await StartNodeAsync();
        var (user, other) = (NewUser(), NewUser());
        await using var tap = await HubTap.ConnectAsync(b.Address, user, _tokens.Create(user));
        await using var otherTap = await HubTap.ConnectAsync(b.Address, other, _tokens.Create(other));
        await PublishAsync(a, user);
        await PublishAsync(a, other);
        await tap.WaitForEventsAsync(1);
        await otherTap.WaitForEventsAsync(1);
        var (channel, genuine) = await _forger.HearAsync(UserId.GroupOf(user));
        var (otherChannel, _) = await _forger.HearAsync(UserId.GroupOf(other));
        var before = new[] { "unsigned", "forged", "malformed", "misdirected" }.ToDictionary(r => r, r => _refused[r]);

        byte[] asSecond = Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(genuine).Replace(".1\"", ".2\"", StringComparison.Ordinal));
        var ownKey = new ShardSeal([RandomNumberGenerator.GetBytes(32)]);
        var push = new ShardPush(
            UserId.GroupOf(user), new EventMark(StreamPosition.Parse(tap.Events[0].GetProperty("position").GetString()!), DateTimeOffset.UtcNow),
            [new SerializedMessage("json", "{}"u8.ToArray())]);
        byte[] signedByForger = ShardMessageWriter.Write(ownKey, Guid.NewGuid(), push);
        string severalChannel = channel[..channel.IndexOf(':', "realtime:".Length)] + ":pushes";
        foreach (byte[] forgery in new[] { asSecond, signedByForger, genuine[..^1], [], [1, .. genuine[1..]], new byte[2 * 1024 * 1024], "nonsense"u8.ToArray() })
            await _forger.PublishAsync(channel, forgery);
        foreach (byte[] forgery in new[] { ShardMessageWriter.Write(ownKey, Guid.NewGuid(), [push, push]), genuine, [4, .. genuine[1..]] })
            await _forger.PublishAsync(severalChannel, forgery);
        await _forger.PublishAsync(otherChannel, genuine);
        await _refused.ReachesAsync("misdirected", before["misdirected"] + 1);
        await PublishAsync(a, user);
        await PublishAsync(a, other);
        await tap.WaitForEventsAsync(2);
        await otherTap.WaitForEventsAsync(2);

        tap.Sequences.Should().Equal(1, 2);
        otherTap.Sequences.Should().Equal(1, 2);
        tap.Events.Concat(otherTap.Events).Select(e => e.GetProperty("id").GetGuid()).Should().OnlyHaveUniqueItems();
        (_refused["forged"] - before["forged"]).Should().Be(4, "two are changed, two have another key");
        (_refused["unsigned"] - before["unsigned"]).Should().Be(1);
        (_refused["malformed"] - before["malformed"]).Should().Be(5);
        b.Logs.All.Count(l => l.Text.Contains("not taken", StringComparison.Ordinal)).Should().Be(1, "whoever sends a thousand must not fill the log");
        (await StatusAsync(b)).Should().Be("degraded");
        (await StatusAsync(a)).Should().Be("healthy", "nobody of its own is concerned");
    }

    [Test]
    public async Task An_array_goes_to_the_other_node_in_one_message_per_shard_and_whoever_replays_that_achieves_nothing()
    {
        await using var a = await StartNodeAsync();
        await using var b = await StartNodeAsync();
        string[] users = [.. Enumerable.Range(0, 20).Select(_ => NewUser())];
        await using var first = await HubTap.ConnectAsync(b.Address, users[0], _tokens.Create(users[0]));
        await using var last = await HubTap.ConnectAsync(b.Address, users[^1], _tokens.Create(users[^1]));
        int before = _forger.Heard("pushes").Count;
        long repeated = _refused["repeated"];
        using var http = a.ClientFor("worker", Scopes.Publish);

        var array = new JsonArray([.. users.Concat(users).Select(user => Samples.Step(user))]);
        (await http.PostAsync(Routes.Events, Samples.Json(array)).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Created);

        await first.WaitForEventsAsync(2); // pushed: the head check would take a minute
        await last.WaitForEventsAsync(2);
        var together = _forger.Heard("pushes").Skip(before).ToList();
        together.Should().HaveCountLessThanOrEqualTo(RedisShards.ShardCount, "40 events are a message for each shard");
        foreach (var (channel, message) in together) await _forger.PublishAsync(channel, message);
        await _refused.ReachesAsync("repeated", repeated + 4);
        (first.Sequences.Count(), last.Sequences.Count()).Should().Be((2, 2));
        first.Sequences.Should().Equal(1, 2);
    }

    [Test]
    public async Task A_replay_is_dropped_by_a_node_that_pushed_the_event_before_and_by_the_client_elsewhere()
    {
        await using var a = await StartNodeAsync();
        await using var b = await StartNodeAsync();
        string user = NewUser();
        await using (var tap = await HubTap.ConnectAsync(b.Address, user, _tokens.Create(user)))
        {
            for (int i = 0; i < 3; i++) await PublishAsync(a, user);
            await tap.WaitForEventsAsync(3);
            var recorded = _forger.Heard(UserId.GroupOf(user));
            long before = _refused["repeated"];

            foreach (var (channel, message) in recorded.Reverse()) await _forger.PublishAsync(channel, message);

            await _refused.ReachesAsync("repeated", before + 3);
            tap.Sequences.Should().Equal(1, 2, 3);
            (await StatusAsync(b)).Should().Be("healthy", "a push may come twice without anybody's fault");
        }

        await using var run = await ClientRun.LiveAsync(b.Address, o =>
        {
            o.UserId = user;
            o.AccessTokenProvider = _ => new ValueTask<string>(_tokens.Create(user));
            o.StartFrom = StartFrom.Beginning;
        });
        await run.UntilSeenAsync(3);
        foreach (var (channel, message) in _forger.Heard(UserId.GroupOf(user)).Take(3)) await _forger.PublishAsync(channel, message);
        await PublishAsync(a, user);
        await run.UntilSeenAsync(4);

        run.Sequences.Should().Equal(1, 2, 3, 4);
        run.Losses.Should().BeEmpty();
    }

    [Test]
    public async Task Nodes_with_different_keys_deliver_by_the_head_check_and_say_so()
    {
        await using var a = await StartNodeAsync(key: NewKey(), headCheck: TimeSpan.FromMilliseconds(300));
        await using var b = await StartNodeAsync(key: NewKey(), headCheck: TimeSpan.FromMilliseconds(300));
        string user = NewUser();
        long before = _refused["forged"];
        await using var tap = await HubTap.ConnectAsync(b.Address, user, _tokens.Create(user));

        await PublishAsync(a, user);

        await tap.WaitForEventsAsync(1, Patience);
        await _refused.ReachesAsync("forged", before + 1);
        (await StatusAsync(b)).Should().Be("degraded");
        b.Logs.All.Should().Contain(l => l.Text.Contains("another node has another key", StringComparison.Ordinal));
    }

    [Test]
    public async Task While_keys_are_rotated_node_by_node_pushes_go_on_both_ways()
    {
        var (first, second) = (NewKey(), NewKey());
        await using var notYet = await StartNodeAsync(key: first, previous: second);
        await using var already = await StartNodeAsync(key: second, previous: first);
        string user = NewUser();
        await using var here = await HubTap.ConnectAsync(notYet.Address, user, _tokens.Create(user));
        await using var there = await HubTap.ConnectAsync(already.Address, user, _tokens.Create(user));

        await PublishAsync(notYet, user);
        await there.WaitForEventsAsync(1);
        await PublishAsync(already, user);
        await here.WaitForEventsAsync(2);

        (await StatusAsync(notYet), await StatusAsync(already)).Should().Be(("healthy", "healthy"));
    }

    [Test]
    public async Task A_worker_that_only_publishes_signs_with_the_key_of_the_nodes()
    {
        await using var node = await StartNodeAsync();
        string user = NewUser();
        await using var tap = await HubTap.ConnectAsync(node.Address, user, _tokens.Create(user));
        var builder = Host.CreateApplicationBuilder();
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection([new("ConnectionStrings:Postgres", _database), new("ConnectionStrings:Redis", _server.ConnectionString)]);
        builder.AddRealtimePublisher();
        using var worker = builder.Build();
        await worker.StartAsync().WithinDeadline(Patience);

        await worker.Services.GetRequiredService<IAgentEventPublisher>()
            .PublishAsync(user, new BriefingDelivered { BriefingId = "b", Title = "T", Channel = "email", ItemCount = 1 }).WithinDeadline();

        await tap.WaitForEventsAsync(1); // pushed: the head check would take a minute
        await worker.StopAsync().WithinDeadline(Patience);
    }

    [Test]
    public async Task The_owner_renews_the_stores_secret_and_it_signs_only_when_every_node_knows_it()
    {
        string database = await Shared.CreateDatabaseAsync();
        await using var owner = await SqlDoor.ConnectAsync(database);
        byte[][] first = await ReadAsync();

        await owner.RunAsync("select realtime.renew_backplane_secret()");
        byte[][] renewed = await ReadAsync();
        var again = () => owner.RunAsync("select realtime.renew_backplane_secret()");
        await again.Should().ThrowAsync<Npgsql.PostgresException>();
        await owner.RunAsync("update realtime.backplane_secrets set made_at = made_at - interval '6 minutes' where made_at > '-infinity'");
        byte[][] later = await ReadAsync();

        first.Should().ContainSingle();
        renewed.Should().HaveCount(2);
        renewed[0].Should().Equal(first[0]);
        later.Should().HaveCount(2);
        later[0].Should().Equal(renewed[1]);
        later[1].Should().Equal(first[0]);

        async Task<byte[][]> ReadAsync() => (byte[][])(await owner.RunAsync("select array_agg(s) from realtime.read_backplane_secrets() s"))!;
    }

    /// <summary>SignalR's own backplane cannot sign: this is what it costs, and why it demands a Redis that nobody else reaches.</summary>
    [Test]
    public async Task With_the_stock_backplane_a_forgery_reaches_the_application_which_is_told_of_it_with_the_next_genuine_event()
    {
        await using var node = await StartNodeAsync(headCheck: TimeSpan.FromMilliseconds(300), backplane: BackplaneKind.Stock);
        string user = NewUser();
        await using var run = await ClientRun.LiveAsync(node.Address, o =>
        {
            o.UserId = user;
            o.AccessTokenProvider = _ => new ValueTask<string>(_tokens.Create(user));
        });
        await PublishAsync(node, user);
        await run.UntilSeenAsync(1);
        var (channel, genuine) = await _forger.HearAsync(UserId.GroupOf(user));
        var forgedId = Guid.NewGuid();
        string forged = Encoding.Latin1.GetString(genuine)
            .Replace(".1\"", ".2\"", StringComparison.Ordinal)
            .Replace(run.Seen[0].Id.ToString(), forgedId.ToString(), StringComparison.Ordinal)
            .Replace(Time(run.Seen[0].Time), Time(run.Seen[0].Time.AddMicroseconds(1)), StringComparison.Ordinal);

        await _forger.PublishAsync(channel, Encoding.Latin1.GetBytes(forged));
        await run.UntilSeenAsync(2);
        await PublishAsync(node, user);
        await Eventually.Async("the genuine event has arrived", () => run.Seen.Count >= 3, Patience);

        run.Seen[1].Id.Should().Be(forgedId, "nobody can tell it from a genuine one");
        run.Losses.Should().ContainSingle().Which.Reason.Should().Be(HistoryLostReason.Forked);
        (run.Seen[2].Position.Sequence, run.Seen[2].Id == forgedId).Should().Be((2, false));
        node.Logs.All.Should().Contain(l => l.Text.Contains("does not sign", StringComparison.Ordinal));

        static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
    }

    async Task<RealtimeHost> StartNodeAsync(string? key = null, string? previous = null, TimeSpan? headCheck = null, BackplaneKind backplane = BackplaneKind.Shard)
    {
        var host = await RealtimeHost.StartAsync(
            new Dictionary<string, string?>
            {
                ["ConnectionStrings:Postgres"] = _database,
                ["ConnectionStrings:Redis"] = _server.ConnectionString,
                ["Realtime:Backplane"] = backplane.ToString(),
                ["Realtime:BackplaneKey"] = key,
                ["Realtime:PreviousBackplaneKey"] = previous,
                ["Realtime:HeadCheckInterval"] = (headCheck ?? NoHeadCheck).ToString(),
            },
            _tokens);
        await Eventually.Async("the node is ready", async () => backplane == BackplaneKind.Stock || await StatusAsync(host) == "healthy", Patience);
        return host;
    }

    static string NewUser() => string.Create(CultureInfo.InvariantCulture, $"forged_{Interlocked.Increment(ref _users)}");

    static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    static async Task PublishAsync(RealtimeHost node, string user)
    {
        using var http = node.ClientFor("worker", Scopes.Publish);
        (await http.PostAsync(Routes.Events, Samples.Json(Samples.Step(user))).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Created);
    }

    static async Task<string?> StatusAsync(RealtimeHost node)
    {
        using var http = node.ClientWith(token: null);
        return (await (await http.GetAsync(Routes.Ready).WithinDeadline()).JsonAsync()).GetProperty("status").GetString();
    }
}
