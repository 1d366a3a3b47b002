using Microsoft.Extensions.DependencyInjection;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Harness;
using Realtime.Server.Hubs;
using Realtime.Server.Publishing;
using Realtime.Tests.Client;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>A client in a network that lets no WebSocket through: it goes on over server-sent events, with the same promise.</summary>
[Category("Integration")]
public sealed class BlockedWebSocketsTests
{
    const string User = "user_1";
    RealtimeHost _host = null!;
    UpgradeBlocker _proxy = null!;

    [SetUp]
    public async Task Start()
    {
        _host = await RealtimeHost.StartAsync(new Dictionary<string, string?> { ["Realtime:TokenGrace"] = "00:00:05" });
        _proxy = UpgradeBlocker.Start(_host.Address.Port);
    }

    [TearDown]
    public async Task Stop()
    {
        await _proxy.DisposeAsync();
        await _host.DisposeAsync();
    }

    [TestCase(UpgradeFate.Refuse)]
    [TestCase(UpgradeFate.CutOff)]
    public async Task After_three_failures_it_goes_on_over_server_sent_events_and_nothing_is_lost(UpgradeFate fate)
    {
        _proxy.Fate = fate;
        await using var run = await RunAsync();
        for (int i = 0; i < 5; i++) await PublishAsync();
        await run.UntilLiveAsync();

        run.Client.Status.Transport.Should().Be(ClientTransport.ServerSentEvents);
        run.States.Should().Contain(s => s.Reason.Contains("WebSockets are blocked", StringComparison.Ordinal));
        _proxy.UpgradesSeen.Should().BeInRange(3, 6);
        for (int i = 0; i < 20; i++) await PublishAsync();
        await run.UntilSeenAsync(25);
        run.Sequences.Should().Equal(Enumerable.Range(1, 25).Select(i => (long)i));
    }

    [Test]
    public async Task A_stream_that_is_ended_again_and_again_loses_nothing()
    {
        await using var run = await RunAsync(o => o.Transport = ClientTransport.ServerSentEvents);
        await run.UntilLiveAsync();
        _proxy.UpgradesSeen.Should().Be(0, "it was told what to use");
        for (int cut = 0; cut < 3; cut++)
        {
            int live = run.TimesCaughtUp;
            for (int i = 0; i < 10; i++) await PublishAsync();
            await _host.DisconnectAsync(User);
            for (int i = 0; i < 10; i++) await PublishAsync();
            await run.UntilLiveAsync(live + 1);
        }

        await run.UntilSeenAsync(60);
        run.Sequences.Should().Equal(Enumerable.Range(1, 60).Select(i => (long)i));
        run.Losses.Should().BeEmpty();
    }

    [Test]
    public async Task Its_connection_outlives_tokens_of_seconds()
    {
        var connections = _host.Services.GetRequiredService<HubConnections>();
        await using var run = await RunAsync(o =>
        {
            o.Transport = ClientTransport.ServerSentEvents;
            o.Jitter = () => 0.5;
            o.AccessTokenProvider = _ => new ValueTask<string>(_host.Tokens.Create(new TokenClaims { Subject = User, ExpiresIn = TimeSpan.FromSeconds(3) }));
        });
        await run.UntilLiveAsync();
        var ids = new HashSet<string>();

        int published = 0;
        await Eventually.Async("the connection has been replaced twice", async () =>
        {
            await PublishAsync();
            published++;
            ids.UnionWith(connections.All.Select(c => c.Id));
            return ids.Count >= 3;
        }, TimeSpan.FromSeconds(60));

        await run.UntilSeenAsync(published);
        run.Sequences.Should().Equal(Enumerable.Range(1, published).Select(i => (long)i));
        run.States.Should().NotContain(s => s.State == ConnectionState.Reconnecting, "one takes over from the other");
    }

    [Test]
    public async Task A_token_of_another_user_stops_it()
    {
        await using var run = ClientRun.Create(_proxy.Address, o =>
        {
            o.Transport = ClientTransport.ServerSentEvents;
            o.AccessTokenProvider = _ => new ValueTask<string>(_host.Tokens.Create("somebody"));
        });

        var start = () => run.Client.StartAsync().WithinDeadline();

        await start.Should().ThrowAsync<AccessDeniedException>();
    }

    Task<ClientRun> RunAsync(Action<AgentEventsClientOptions>? configure = null) => ClientRun.StartAsync(_proxy.Address, o =>
    {
        o.StartFrom = StartFrom.Beginning;
        o.AccessTokenProvider = _ => new ValueTask<string>(_host.Tokens.Create(User));
        configure?.Invoke(o);
    });

    Task PublishAsync() => _host.Services.GetRequiredService<IAgentEventPublisher>()
        .PublishAsync(User, new BriefingDelivered { BriefingId = "b", Title = "T", Channel = "email", ItemCount = 1 }).WithinDeadline();
}
