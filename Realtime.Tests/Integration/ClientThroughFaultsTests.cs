using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Contracts.Rest;
using Realtime.Harness;
using Realtime.Tests.Client;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Client and publisher against a server process that is killed, behind a network that is cut.</summary>
[Category("Integration")]
public sealed class ClientThroughFaultsTests
{
    const string User = "faulty";
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Test]
    public async Task Everything_acknowledged_arrives_once_and_in_order_through_cuts_and_a_killed_server()
    {
        using var tokens = TestTokens.Hmac();
        await using var node = await ServerNode.StartAsync(new() { Settings = tokens.ServerSettings() }).WithinDeadline(Patience);
        await using var proxy = CuttableProxy.Start(node.Port);
        var url = new Uri($"http://{proxy.Endpoint}");
        using var publisher = new AgentEventsPublisher(new AgentEventsPublisherOptions
        {
            ServerUrl = url,
            AccessTokenProvider = _ => new ValueTask<string>(tokens.Create("worker", Scopes.Publish)),
            MaxAttempts = 100,
            Jitter = () => 0.99,
        });
        await using var run = await ClientRun.LiveAsync(url, o =>
        {
            o.UserId = User;
            o.AccessTokenProvider = _ => new ValueTask<string>(tokens.Create(User));
        });

        var acknowledged = new List<PublishReceipt>();
        for (int i = 0; i < 300; i++)
        {
            var publishing = publisher.PublishAsync(User, new BriefingDelivered { BriefingId = "b", Title = "T", Channel = "c", ItemCount = i });
            if (i % 40 == 20) proxy.Cut();
            if (i == 150)
            {
                await node.KillAsync().WithinDeadline();
                await node.RestartAsync().WithinDeadline(Patience);
            }

            acknowledged.Add(await publishing.WithinDeadline(Patience));
        }

        await run.Client.WaitForAsync(acknowledged[^1].Position).WithinDeadline(Patience);
        run.Seen.Select(e => e.Id).Should().Equal(acknowledged.Select(a => a.Id));
        run.Sequences.Should().Equal(Enumerable.Range(1, 300).Select(i => (long)i));
        run.Losses.Should().BeEmpty();
        await run.UntilLiveAsync(times: 2);
    }

    [Test]
    public async Task Connection_into_a_black_hole_is_given_up_and_replaced()
    {
        await using var server = await FakeHubServer.StartedAsync();
        await using var proxy = CuttableProxy.Start(server.Url.Port);
        await using var run = await ClientRun.LiveAsync(new Uri($"http://{proxy.Endpoint}"), o =>
        {
            o.IdleCheckInterval = TimeSpan.FromMilliseconds(300);
            o.RequestTimeout = TimeSpan.FromSeconds(2);
            o.ConnectTimeout = TimeSpan.FromSeconds(5);
        });
        proxy.BlackHole();
        server.Stream.Append(3);
        await Eventually.Async("the client gives the connection up", () => run.Client.Status.State is ConnectionState.Reconnecting or ConnectionState.Connecting);
        proxy.Heal();
        proxy.Cut();

        await run.UntilSeenAsync(3);
        run.Sequences.Should().Equal(1, 2, 3);
    }
}
