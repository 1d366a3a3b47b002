using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.EndToEnd;

/// <summary>The page, and with it the TypeScript client, behind a proxy that lets no WebSocket through.</summary>
[Category("Integration")]
public sealed class BlockedDashboardTests
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Test]
    public async Task The_page_goes_on_over_server_sent_events_and_shows_everything_once()
    {
        await using var browser = await Browser.StartAsync();
        await using var node = await ServerNode.StartAsync(new()
        {
            EnvironmentName = "Development",
            Settings = new Dictionary<string, string?> { ["Realtime:DemoAgent"] = "false" },
        }).WithinDeadline(Patience);
        await using var proxy = UpgradeBlocker.Start(node.Port);
        await using var page = await browser.OpenAsync(new Uri(proxy.Address, "?user=watcher"));
        string token = (await TokenAsync(node)).GetProperty("accessToken").GetString()!;
        using var publisher = new AgentEventsPublisher(new AgentEventsPublisherOptions { ServerUrl = node.Address, AccessTokenProvider = _ => new(token) });

        await page.ExpectStateAsync("live", TimeSpan.FromSeconds(40));
        for (int i = 0; i < 5; i++)
        {
            await publisher.PublishAsync("watcher", new BriefingDelivered { BriefingId = $"b{i}", Title = "Morning", Channel = "email", ItemCount = i }).WithinDeadline();
        }

        await Eventually.Async("the page shows them", async () => (await page.FeedAsync()).Length >= 5);
        (await page.FeedAsync()).Where(row => !row.StartsWith("missed", StringComparison.Ordinal)).Should().Equal("5", "4", "3", "2", "1");
        proxy.UpgradesSeen.Should().BeGreaterThanOrEqualTo(3);
        page.Complaints.Should().NotContain(c => c.Contains("Policy", StringComparison.Ordinal) || c.Contains("Uncaught", StringComparison.Ordinal));
    }

    static async Task<System.Text.Json.JsonElement> TokenAsync(ServerNode node)
    {
        using var http = new HttpClient { BaseAddress = node.Address };
        using var answer = await http.PostAsync(Routes.DevTokens, Samples.Json($$"""{"userId":"worker","scopes":["{{Scopes.Publish}}"]}""")).WithinDeadline();
        return await answer.JsonAsync();
    }
}
