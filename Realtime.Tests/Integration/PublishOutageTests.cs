using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>The whole server while its PostgreSQL is frozen, restarted, or not there yet. A private PostgreSQL: these tests do not leave it in peace.</summary>
[Category("Integration")]
public sealed class PublishOutageTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    static readonly TimeSpan PublishTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Of the database, where a test shows that it is not what is waited for: <see cref="InTime"/> is far from it.</summary>
    static readonly TimeSpan CommandTimeout = TimeSpan.FromMinutes(5);
    static readonly TimeSpan InTime = TimeSpan.FromSeconds(30);
    static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(20);
    readonly TestTokens _tokens = TestTokens.Hmac();
    PostgresServer _postgres = null!;

    Dictionary<string, string?> Settings => new(_tokens.ServerSettings())
    {
        ["ConnectionStrings:Postgres"] = _postgres.ConnectionString,
        ["Realtime:PublishTimeout"] = PublishTimeout.ToString(),
        ["Realtime:PublishQueueCapacity"] = "1000",
    };

    [SetUp]
    public async Task Start() => _postgres = await PostgresServer.StartAsync().WithinDeadline(Patience);

    [TearDown]
    public async Task Stop() => await _postgres.DisposeAsync();

    [OneTimeTearDown]
    public void DisposeTokens() => _tokens.Dispose();

    [Test]
    public async Task While_postgres_is_frozen_a_publish_is_503_with_its_id_in_time_and_afterwards_all_goes_on()
    {
        var settings = Settings;
        settings["ConnectionStrings:Postgres"] += $";Command Timeout={CommandTimeout.TotalSeconds:0}";
        await using var host = await RealtimeHost.StartAsync(settings, _tokens);
        using var publisher = host.ClientFor("worker", Scopes.Publish);
        await using var tap = await HubTap.ConnectAsync(host.Address, "anna", _tokens.Create("anna"));
        (await PublishAsync(publisher, "anna", Guid.NewGuid())).StatusCode.Should().Be(HttpStatusCode.Created);
        await _postgres.PauseAsync().WithinDeadline();
        Guid[] ids = [Guid.NewGuid(), Guid.NewGuid()];
        try
        {
            var refused = await PublishAsync(publisher, "anna", ids).WithinDeadline(InTime);

            refused.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
            refused.Headers.RetryAfter!.Delta.Should().BePositive();
            (await refused.JsonAsync()).GetProperty("ids").EnumerateArray().Select(i => i.GetGuid()).Should().Equal(ids);
            await HeadFailsInTimeAsync(tap);
            (await publisher.PutAsync(Routes.Brake, Samples.Json("""{"engaged":true}""")).WithinDeadline(InTime))
                .StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        }
        finally
        {
            await _postgres.ResumeAsync().WithinDeadline();
        }

        await Eventually.Async("the retry is stored", async () => (await PublishAsync(publisher, "anna", ids)).IsSuccessStatusCode, Patience);
        tap.Connection.State.Should().Be(HubConnectionState.Connected, "the connection stays");
        (await tap.HeadAsync()).Should().EndWith(".3");
        await Eventually.Async("the events are pushed", () => tap.Sequences.Distinct().Order().SequenceEqual([1L, 2L, 3L]));
    }

    [Test]
    public async Task After_a_restart_of_postgres_under_load_every_acknowledged_event_is_there_once_and_in_order()
    {
        await using var host = await RealtimeHost.StartAsync(Settings, _tokens);
        using var publisher = host.ClientFor("worker", Scopes.Publish);
        string[] users = ["anna", "ben", "cleo"];
        var acknowledged = new ConcurrentDictionary<Guid, string>();
        int unavailable = 0;
        bool enough = false;
        var load = Enumerable.Range(0, 12).Select(n => PublishUntilEnoughAsync(users[n % users.Length])).ToList();
        await Eventually.Async("publishing goes on", () => acknowledged.Count > 200, Patience);

        await _postgres.KillAsync().WithinDeadline(Patience);
        await Eventually.Async("publishers notice", () => Volatile.Read(ref unavailable) > 0, Patience);
        await _postgres.RestartAsync().WithinDeadline(Patience);
        int before = acknowledged.Count;
        await Eventually.Async("publishing goes on without a restart of the server", () => acknowledged.Count > before + 200, Patience);
        Volatile.Write(ref enough, true);
        await Task.WhenAll(load).WithinDeadline(Patience);

        var stored = new Dictionary<Guid, string>();
        foreach (string user in users)
        {
            var events = await ReadAllAsync(host, user);
            events.Select(e => e.Sequence).Should().Equal(Enumerable.Range(1, events.Count).Select(i => (long)i), "there is no gap");
            foreach (var item in events) stored.Add(item.Id, item.Position);
        }

        stored.Should().BeEquivalentTo(acknowledged, "every event was tried until it was acknowledged, and is there once");

        async Task PublishUntilEnoughAsync(string user)
        {
            while (!Volatile.Read(ref enough))
            {
                var id = Guid.NewGuid();
                var answer = await PublishAsync(publisher, user, id);
                while (!answer.IsSuccessStatusCode)
                {
                    answer.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
                    Interlocked.Increment(ref unavailable);
                    answer = await PublishAsync(publisher, user, id);
                }

                acknowledged[id] = (await answer.JsonAsync())[0].GetProperty("position").GetString()!;
            }
        }
    }

    [Test]
    public async Task Without_postgres_the_server_opens_says_so_and_heals()
    {
        await _postgres.StopImmediateAsync().WithinDeadline(Patience);
        // By this clock the first attempt's whole time never passes.
        var standing = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using (await RealtimeHost.StartAsync(Settings, _tokens, configure: services => services.AddSingleton<TimeProvider>(standing)))
        {
        }

        await using var host = await RealtimeHost.StartAsync(Settings, _tokens);
        using var http = host.ClientFor("anna", Scopes.Publish);

        (await http.GetAsync(Routes.Live).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.OK);
        var ready = await http.GetAsync(Routes.Ready).WithinDeadline();
        ready.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        (await ready.JsonAsync()).GetProperty("checks").GetProperty("store").GetProperty("status").GetString().Should().Be("unhealthy");
        (await PublishAsync(http, "anna", Guid.NewGuid()).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        (await http.GetAsync(Routes.Events).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        await _postgres.RestartAsync().WithinDeadline(Patience);
        await Eventually.Async("the server is ready", async () => (await http.GetAsync(Routes.Ready)).IsSuccessStatusCode, Patience);
        (await PublishAsync(http, "anna", Guid.NewGuid()).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Created);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_server_told_to_end_while_it_publishes_ends_soon_and_has_acknowledged_only_what_is_stored(bool frozen)
    {
        await using var node = await ServerNode.StartAsync(new ServerNodeOptions { Settings = Settings }).WithinDeadline(Patience);
        using var publisher = new HttpClient { BaseAddress = node.Address, Timeout = Patience };
        publisher.DefaultRequestHeaders.Authorization = new("Bearer", _tokens.Create("worker", Scopes.Publish));
        var acknowledged = new ConcurrentBag<Guid>();
        bool ended = false;
        var load = Enumerable.Range(0, 16).Select(_ => PublishUntilEndAsync()).ToList();
        await Eventually.Async("publishing goes on", () => acknowledged.Count > 100, Patience);
        if (frozen) await _postgres.PauseAsync().WithinDeadline();

        int exitCode;
        try
        {
            exitCode = await node.TerminateAsync().WithinDeadline(TimeToEnd);
        }
        finally
        {
            if (frozen) await _postgres.ResumeAsync().WithinDeadline();
            Volatile.Write(ref ended, true);
        }

        exitCode.Should().Be(0);
        await Task.WhenAll(load).WithinDeadline(Patience);
        string stored = await _postgres.PsqlAsync("select id from realtime.events").WithinDeadline(Patience);
        stored.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Guid.Parse).Should().Contain(acknowledged);

        async Task PublishUntilEndAsync()
        {
            while (!Volatile.Read(ref ended))
            {
                var id = Guid.NewGuid();
                try
                {
                    using var answer = await PublishAsync(publisher, "anna", id);
                    if (answer.StatusCode == HttpStatusCode.Created) acknowledged.Add(id);
                }
                catch (HttpRequestException)
                {
                    return; // the server is gone
                }
            }
        }
    }

    static Task<HttpResponseMessage> PublishAsync(HttpClient publisher, string user, params Guid[] ids) =>
        publisher.PostAsync(Routes.Events, Samples.Json(new System.Text.Json.Nodes.JsonArray([.. ids.Select(id => Samples.Step(user, id: id))])));

    static async Task HeadFailsInTimeAsync(HubTap tap)
    {
        var ask = () => tap.HeadAsync();
        (await ask.Should().ThrowAsync<HubException>()).Which.Message.Should().Contain(HubErrors.StoreUnavailable);
    }

    static async Task<List<(long Sequence, Guid Id, string Position)>> ReadAllAsync(RealtimeHost host, string user)
    {
        using var reader = host.ClientFor(user);
        var all = new List<(long, Guid, string)>();
        string url = Routes.Events;
        while (true)
        {
            var page = await (await reader.GetAsync(url).WithinDeadline()).JsonAsync();
            foreach (var item in page.GetProperty("events").EnumerateArray())
            {
                string position = item.GetProperty("position").GetString()!;
                all.Add((StreamPosition.Parse(position).Sequence, item.GetProperty("id").GetGuid(), position));
            }

            if (!page.GetProperty("hasMore").GetBoolean()) return all;
            url = $"{Routes.Events}?after={page.GetProperty("next").GetString()}";
        }
    }
}
