using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Server.EventStore;
using Realtime.Server.Publishing;
using Realtime.Tests.Support;

namespace Realtime.Tests.EndToEnd;

/// <summary>A browser's own EventSource, in a real Chromium: it follows a stream, comes back by itself and misses nothing.</summary>
[Category("Integration")]
public sealed class EventSourceTests
{
    const string User = "user_42";

    /// <summary>Follows the stream and writes down what it hears.</summary>
    const string Follow =
        """
        address => {
          window.heard = []; window.lost = []; window.opened = 0;
          const source = new EventSource(address);
          const hear = e => window.heard.push(`${e.type} ${e.lastEventId} ${JSON.parse(e.data).position}`);
          source.onopen = () => window.opened++;
          source.onmessage = hear;
          source.addEventListener('briefing.delivered', hear);
          source.addEventListener('history_lost', e => { window.lost.push(e.data); source.close(); });
        }
        """;

    RealtimeHost _host = null!;
    Browser _browser = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _browser = await Browser.StartAsync();
        _host = await RealtimeHost.StartAsync();
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (_host is not null) await _host.DisposeAsync();
        if (_browser is not null) await _browser.DisposeAsync();
    }

    [TestCase("", "briefing.delivered")]
    [TestCase("&named=false", "message")]
    public async Task It_resumes_by_its_last_event_id_when_the_server_ends_the_stream(string named, string type)
    {
        string user = User + type;
        await using var page = await _browser.OpenAsync(new Uri(_host.Address, Routes.Live));
        await PublishAsync(user);
        string epoch = await _host.Services.GetRequiredService<IEpochStore>().ReadAsync(CancellationToken.None).WithinDeadline();
        await page.Tab.EvaluateAsync(Follow, $"{Routes.EventStream}?access_token={_host.Tokens.Create(user)}&after={epoch}.0{named}").WithinDeadline();
        await HasHeardAsync(page.Tab, 1);

        int published = 1;
        for (int end = 1; end <= 3; end++)
        {
            await PublishAsync(user);
            await _host.DisconnectAsync(user);
            await PublishAsync(user);
            await PublishAsync(user);
            await HasHeardAsync(page.Tab, published += 3);
        }

        (await HeardAsync(page.Tab)).Should().Equal(Enumerable.Range(1, published).Select(i => $"{type} {epoch}.{i} {epoch}.{i}"));
        (await page.Tab.EvaluateAsync<int>("window.opened").WithinDeadline()).Should().Be(4);
    }

    [Test]
    public async Task It_is_told_when_its_history_is_lost()
    {
        await using var page = await _browser.OpenAsync(new Uri(_host.Address, Routes.Live));
        await page.Tab.EvaluateAsync(Follow, $"{Routes.EventStream}?access_token={_host.Tokens.Create("late")}&after=another.7").WithinDeadline();

        await Eventually.Async("the page is told", async () => (await page.Tab.EvaluateAsync<string[]>("window.lost").WithinDeadline()).Length > 0);
        var lost = JsonDocument.Parse((await page.Tab.EvaluateAsync<string[]>("window.lost").WithinDeadline()).Single()).RootElement;
        lost.GetProperty("reason").GetString().Should().Be("epoch_changed");
        lost.GetProperty("head").GetString().Should().EndWith(".0");
    }

    static async Task<string[]> HeardAsync(IPage tab) => await tab.EvaluateAsync<string[]>("window.heard").WithinDeadline();

    static Task HasHeardAsync(IPage tab, int count) => Eventually.Async($"the page has heard {count} events", async () => (await HeardAsync(tab)).Length >= count);

    Task PublishAsync(string user) => _host.Services.GetRequiredService<IAgentEventPublisher>()
        .PublishAsync(user, new BriefingDelivered { BriefingId = "b", Title = "T", Channel = "email", ItemCount = 1 }).WithinDeadline();
}
