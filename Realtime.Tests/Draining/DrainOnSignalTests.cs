using System.Net;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.Draining;

/// <summary>SIGTERM, as a deploy sends it, to real processes.</summary>
[Category("Integration")]
public sealed class DrainOnSignalTests
{
    const string User = "user_42";
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>Far below the window, far above what a busy machine takes.</summary>
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(40);

    readonly TestTokens _tokens = TestTokens.Hmac();

    [OneTimeTearDown]
    public void DisposeTokens() => _tokens.Dispose();

    [Test]
    public async Task A_node_on_which_nobody_is_connected_ends_at_once_and_a_second_signal_ends_the_drain_of_one_on_which_somebody_is()
    {
        await using var node = await ServerNode.StartAsync(new() { Settings = Settings("00:05:00") }).WithinDeadline(Patience);
        (await node.TerminateAsync().WithinDeadline(Soon)).Should().Be(0, "nobody is connected");

        await node.RestartAsync().WithinDeadline(Patience);
        await using var tap = await HubTap.ConnectAsync(node.Address, User, _tokens.Create(User));
        using var http = new HttpClient { BaseAddress = node.Address };
        var first = node.TerminateAsync();
        await Eventually.Async("it drains", async () => (await http.GetAsync(Routes.Ready)).StatusCode == HttpStatusCode.ServiceUnavailable);
        await tap.HeadAsync();
        first.IsCompleted.Should().BeFalse();

        (await node.TerminateAsync().WithinDeadline(Soon)).Should().Be(0);
        (await first.WithinDeadline()).Should().Be(0);
        node.Output.Should().Contain(line => line.Contains("the drain ends now", StringComparison.Ordinal));
    }

    [Test]
    public async Task A_node_under_load_ends_within_its_window_and_its_clients_lose_nothing_on_their_way_to_the_other()
    {
        const int users = 10;
        const int window = 3;
        var settings = Settings($"00:00:0{window}");
        settings["ConnectionStrings:Postgres"] = await Shared.CreateDatabaseAsync();
        settings["ConnectionStrings:Redis"] = (await Shared.RedisAsync()).ConnectionString;
        await using var leaving = await ServerNode.StartAsync(new() { Settings = settings }).WithinDeadline(Patience);
        await using var staying = await ServerNode.StartAsync(new() { Settings = settings }).WithinDeadline(Patience);
        var next = leaving;
        await using var balancer = CuttableProxy.Start(() => new IPEndPoint(IPAddress.Loopback, Volatile.Read(ref next).Port));
        var address = new Uri($"http://{balancer.Endpoint}/");
        var clients = new List<DrainedClient>();
        try
        {
            for (int i = 0; i < 40; i++) clients.Add(i < 30 ? new OurClient(address, $"user_{i % users}", _tokens) : new PlainClient(address, $"user_{i % users}", _tokens));
            await Task.WhenAll(clients.Select(c => c.StartAsync())).WithinDeadline(Patience);
            await using var flow = new PublishFlow([leaving.Address, staying.Address], users, _tokens);
            await flow.HasPublishedAsync(50);
            using var http = new HttpClient { BaseAddress = leaving.Address };

            var ended = leaving.TerminateAsync();
            HttpResponseMessage ready = null!;
            await Eventually.Async("it is not ready", async () => (ready = await http.GetAsync(Routes.Ready)).StatusCode == HttpStatusCode.ServiceUnavailable);
            Volatile.Write(ref next, staying);
            (await ready.Content.ReadAsStringAsync()).Should().Contain("\"draining\"");

            (await ended.WithinDeadline(TimeSpan.FromSeconds(window + 5 + 10), "its end: window + 5 s, and 10 s for a busy machine")).Should().Be(0, string.Join('\n', leaving.Output));
            await flow.HasPublishedAsync(50);
            var heads = await flow.StopAsync();

            await Eventually.Async("each was told", () => clients.TrueForAll(c => c.AskedToReturnAfter.Count > 0));
            clients.Should().OnlyContain(c => c.AskedToReturnAfter.Count == 1, "each is told once");
            var waits = clients.ConvertAll(c => c.AskedToReturnAfter[0]);
            waits.Should().OnlyContain(ms => ms >= 0 && ms <= 250);
            waits.Distinct().Should().HaveCountGreaterThan(20, "each has its own number");
            foreach (var client in clients)
            {
                await client.HasSeenAsync(heads[client.User]);
                client.Seen.Should().Equal(Enumerable.Range(1, (int)heads[client.User]).Select(i => (long)i), client.ToString());
            }

            flow.Refused.Should().BeEmpty("what was being published is acknowledged to the end");
        }
        finally
        {
            foreach (var client in clients) await client.DisposeAsync();
        }
    }

    Dictionary<string, string?> Settings(string window) => new(_tokens.ServerSettings()) { ["Realtime:DrainWindow"] = window };
}
