using System.Net;
using System.Text.Json;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Contracts.Rest;
using Realtime.Harness;
using Realtime.Tests.Client;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Limits that hold for a whole node, and clients that meet them.</summary>
[Category("Integration")]
public sealed class NodeLimitTests
{
    [Test]
    public async Task Node_without_room_answers_503_and_one_that_is_overrun_429_with_different_times_to_come_back()
    {
        await using var host = await RealtimeHost.StartAsync(new Dictionary<string, string?>
        {
            ["Realtime:MaxConnections"] = "1",
            ["Realtime:RateLimits:ConnectsPerSecond"] = "1",
        });
        using var counts = new LimitCounts(host);
        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => NegotiateAsync(host, $"user_{i}"))).WithinDeadline();

        answers.Count(a => a.Status == HttpStatusCode.OK).Should().BeGreaterThanOrEqualTo(2, "two seconds' worth are granted at once");
        var refused = answers.Where(a => a.Status != HttpStatusCode.OK).ToList();
        refused.Should().NotBeEmpty().And.OnlyContain(a => a.Status == HttpStatusCode.TooManyRequests && a.Limit == "connects_of_node");
        refused.Select(a => a.RetryAfter).Should().OnlyContain(seconds => seconds >= 1 && seconds <= 30);
        refused.Select(a => a.RetryAfter).Distinct().Should().HaveCountGreaterThan(3, "they are not to come back in the same moment");
        counts.Of("connects_of_node").Should().Be(refused.Count);

        await Eventually.Async("a client is let in", async () =>
        {
            try
            {
                await using var _ = await HubTap.ConnectWithoutBarrierAsync(host.Address, "inside", host.Tokens.Create("inside"));
                var full = await NegotiateAsync(host, "outside");
                return full is { Status: HttpStatusCode.ServiceUnavailable, Limit: "connections_of_node", RetryAfter: >= 5 };
            }
            catch (System.Net.WebSockets.WebSocketException)
            {
                return false; // still overrun
            }
        });
        counts.Of("connections_of_node").Should().BePositive();
    }

    [Test]
    public async Task Client_that_does_not_read_is_closed_as_slow_and_gets_everything_once_when_it_reads_again()
    {
        await using var host = await RealtimeHost.StartAsync(new Dictionary<string, string?> { ["Realtime:SlowReaderTimeout"] = "00:00:02" });
        using var counts = new LimitCounts(host);
        await using var proxy = CuttableProxy.Start(host.Address.Port);
        await using var slow = await ClientRun.LiveAsync(new Uri($"http://{proxy.Endpoint}"), For(host));
        await using var healthy = await ClientRun.LiveAsync(host.Address, For(host));
        using var publisher = new AgentEventsPublisher(new AgentEventsPublisherOptions
        {
            ServerUrl = host.Address,
            AccessTokenProvider = _ => new ValueTask<string>(host.Tokens.Create("worker", Scopes.Publish)),
        });

        proxy.StopReading(ProxyDirection.ToClient);
        int published = 0;
        await Eventually.Async("the connection is closed as slow", async () =>
        {
            // The kernel's buffers swallow megabytes first; then it takes until nothing has moved for the timeout.
            if (published < 600) published += (await publisher.PublishAsync([.. Enumerable.Range(0, 15).Select(_ => Large())])).Count;
            return counts.Of("slow_reader") > 0;
        }, TimeSpan.FromSeconds(60));
        await Eventually.Async("the log names it", () => host.Logs.All.Any(l => l.Text.Contains("closed as slow", StringComparison.Ordinal)));
        await healthy.UntilSeenAsync(published);
        healthy.States.Should().NotContain(s => s.State == ConnectionState.Reconnecting, "its connection has stood throughout");

        proxy.ResumeReading(ProxyDirection.ToClient);
        await slow.UntilSeenAsync(published);
        slow.Sequences.Should().Equal(Enumerable.Range(1, published).Select(i => (long)i));
        slow.States.Should().Contain(s => s.State == ConnectionState.Reconnecting);
    }

    [Test]
    public async Task Client_over_the_limit_waits_as_it_is_told()
    {
        await using var host = await RealtimeHost.StartAsync(new Dictionary<string, string?> { ["Realtime:MaxConnectionsPerUser"] = "1" });
        await using var first = await ClientRun.LiveAsync(host.Address, For(host));
        await using var second = await ClientRun.StartAsync(host.Address, For(host));
        await Eventually.Async("it waits", () => second.Client.Status.State == ConnectionState.Reconnecting);

        var status = second.Client.Status;
        status.Error.Should().BeOfType<ServerAnswerException>().Which.Status.Should().Be(HttpStatusCode.TooManyRequests);
        (status.NextAttemptAt!.Value - status.Since).Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(5), "though its own policy says 20 ms");
    }

    static Action<AgentEventsClientOptions> For(RealtimeHost host) => o => o.AccessTokenProvider = _ => new ValueTask<string>(host.Tokens.Create("user_1"));

    static PublishRequest Large() => new()
    {
        UserId = "user_1",
        Type = BriefingDelivered.TypeName,
        Data = EventData.Parse($$"""{"briefingId":"b","title":"{{new string('x', 60 * 1024)}}","channel":"email","itemCount":1}"""),
    };

    static async Task<(HttpStatusCode Status, int? RetryAfter, string? Limit)> NegotiateAsync(RealtimeHost host, string user)
    {
        using var client = host.ClientFor(user);
        using var answer = await client.PostAsync($"{Routes.HubFor(user)}/negotiate?negotiateVersion=1", content: null);
        var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        return (answer.StatusCode, (int?)answer.Headers.RetryAfter?.Delta?.TotalSeconds, body.TryGetProperty("limit", out var limit) ? limit.GetString() : null);
    }
}
