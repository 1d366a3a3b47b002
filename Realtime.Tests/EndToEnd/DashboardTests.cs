using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.EndToEnd;

/// <summary>The page at <c>/</c> in a real browser, against a real server in its own process.</summary>
[Category("Integration")]
public sealed partial class DashboardTests
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    Browser _browser = null!;
    ServerNode _node = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _browser = await Browser.StartAsync();
        _node = await StartNodeAsync().WithinDeadline(Patience);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        // Either is missing when its start failed.
        if (_browser is not null) await _browser.DisposeAsync();
        if (_node is not null) await _node.DisposeAsync();
    }

    [Test]
    public async Task An_event_appears_the_moment_it_is_published()
    {
        await using var page = await _browser.OpenAsync(PageOf(_node.Address, "watcher"));
        using var publisher = await PublisherAsync(_node);
        await page.ExpectStateAsync("live");
        await Expect(page.Tab.GetByTestId("user-name")).ToHaveTextAsync("watcher");
        await Expect(page.Tab.GetByTestId("feed-empty")).ToBeVisibleAsync();

        await publisher.PublishAsync("watcher", Step(0) with { StepName = "Read 12 documents" }).WithinDeadline();
        await publisher.PublishAsync("watcher", Step(1) with { Status = StepStatus.Failed, Error = "The source did not answer" }).WithinDeadline();

        await Expect(page.Rows).ToHaveCountAsync(2);
        await Expect(page.Rows.Nth(0)).ToHaveAttributeAsync("data-kind", "failed");
        await Expect(page.Rows.Nth(0)).ToContainTextAsync("The source did not answer");
        await Expect(page.Rows.Nth(1)).ToHaveAttributeAsync("data-type", AgentStepCompleted.TypeName);
        await Expect(page.Rows.Nth(1)).ToContainTextAsync("Read 12 documents");
        await Expect(page.Tab.GetByTestId("step-count")).ToHaveTextAsync("2");
        await Expect(page.Tab.GetByTestId("feed-empty")).ToHaveCountAsync(0);
        (await page.FeedAsync()).Should().Equal("2", "1");
        page.Complaints.Should().BeEmpty();
    }

    [Test]
    public async Task After_a_restart_of_the_server_the_page_reconnects_and_shows_what_it_missed()
    {
        await using var node = await StartNodeAsync().WithinDeadline(Patience);
        await using var way = CuttableProxy.Start(node.Port);
        await using var page = await _browser.OpenAsync(PageOf(new Uri($"http://{way.Endpoint}/"), "watcher"));
        using var publisher = await PublisherAsync(node);
        await page.ExpectStateAsync("live");
        for (int i = 0; i < 3; i++) await publisher.PublishAsync("watcher", Step(i)).WithinDeadline();
        await Expect(page.Rows).ToHaveCountAsync(3);
        await Expect(page.Countdown).ToBeHiddenAsync();

        way.Refuse(); // open connections go on: it is the kill that the page notices, and it stays out until all is published
        await node.KillAsync().WithinDeadline();
        await page.ExpectStateAsync("reconnecting");
        await Expect(page.Countdown).ToHaveTextAsync(Seconds());
        await Expect(page.Countdown).ToBeVisibleAsync();
        await node.RestartAsync().WithinDeadline(Patience);
        for (int i = 3; i < 6; i++) await publisher.PublishAsync("watcher", Step(i)).WithinDeadline();
        await page.ExpectStateAsync("reconnecting");
        (await page.FeedAsync()).Should().Equal("3", "2", "1");

        way.Accept();
        await page.ExpectStateAsync("live", Patience);
        await Expect(page.MissedMarker).ToHaveAttributeAsync("data-missed", "3");
        await Expect(page.MissedMarker).ToContainTextAsync("You missed 3 events while away");
        await Expect(page.Countdown).ToBeHiddenAsync();
        await publisher.PublishAsync("watcher", Step(6)).WithinDeadline();
        await Expect(page.Rows).ToHaveCountAsync(7);
        (await page.FeedAsync()).Should().Equal("7", "6", "5", "4", "missed 3", "3", "2", "1");
        page.Complaints.Should().OnlyContain(text => text.Contains("net::ERR_CONNECTION_REFUSED", StringComparison.Ordinal));
    }

    [Test]
    public async Task The_brake_is_pulled_in_the_page_and_follows_whoever_else_changes_it()
    {
        await using var page = await _browser.OpenAsync(PageOf(_node.Address, "driver"));
        using var driver = await UserAsync(_node, "driver");
        await page.ExpectStateAsync("live");
        await Expect(page.Brake).ToHaveAttributeAsync("data-engaged", "false");

        await page.Tab.GetByTestId("brake-toggle").ClickAsync();
        (await IsEngagedAsync(driver)).Should().BeFalse("nothing is changed before it is confirmed");
        await page.Tab.GetByTestId("brake-reason").FillAsync("It runs in circles");
        await page.Tab.GetByTestId("brake-confirm").ClickAsync();
        await Expect(page.Brake).ToHaveAttributeAsync("data-engaged", "true");
        (await IsEngagedAsync(driver)).Should().BeTrue();
        await Expect(page.Rows.First).ToHaveAttributeAsync("data-type", AgentBrakeChanged.TypeName);
        await Expect(page.Rows.First).ToContainTextAsync("It runs in circles");

        using (var elsewhere = await driver.PutAsync(Routes.Brake, Samples.Json("""{"engaged":false}""")).WithinDeadline())
            elsewhere.EnsureSuccessStatusCode();
        await Expect(page.Brake).ToHaveAttributeAsync("data-engaged", "false");
        await Expect(page.Rows).ToHaveCountAsync(2);
        page.Complaints.Should().BeEmpty();
    }

    [Test]
    public async Task Markup_in_an_event_is_shown_as_text()
    {
        const string Image = """<img src=x onerror="window.gotIn = true">""";
        const string Script = "<script>window.gotIn = true</script>";
        await using var page = await _browser.OpenAsync(PageOf(_node.Address, "target"));
        using var publisher = await PublisherAsync(_node);
        await page.ExpectStateAsync("live");

        await publisher.PublishAsync("target", Step(0) with { AgentName = Image, RunId = "\"><b>run", StepName = Script, Summary = Image }).WithinDeadline();

        await Expect(page.Rows).ToContainTextAsync(Script);
        await Expect(page.Rows).ToContainTextAsync(Image);
        await Expect(page.Tab.GetByTestId("feed")).ToContainTextAsync("\"><b>run");
        await page.Tab.GetByTestId("details-toggle").ClickAsync();
        await Expect(page.Tab.GetByTestId("details")).ToContainTextAsync(Script);
        await Expect(page.Tab.GetByTestId("feed").Locator("img, script, b")).ToHaveCountAsync(0);
        (await page.Tab.EvaluateAsync<bool>("'gotIn' in window").WithinDeadline()).Should().BeFalse();
        page.Complaints.Should().BeEmpty();
    }

    [Test]
    public async Task A_script_that_found_its_way_into_the_markup_would_not_run()
    {
        await using var page = await _browser.OpenAsync(PageOf(_node.Address, "target"));
        await page.ExpectStateAsync("live");

        await page.Tab.EvaluateAsync("document.body.insertAdjacentHTML('beforeend', '<button id=\"in\" onclick=\"window.gotIn = true\">In</button>')").WithinDeadline();
        await page.Tab.Locator("#in").ClickAsync();

        await Eventually.Async("the browser reports the refusal", () => page.Complaints.Any(text => text.StartsWith("Policy script-src-attr", StringComparison.Ordinal)));
        (await page.Tab.EvaluateAsync<bool>("'gotIn' in window").WithinDeadline()).Should().BeFalse();
    }

    [Test]
    public async Task The_first_start_without_any_configuration_shows_a_step_within_15_seconds()
    {
        await using var node = await ServerNode.StartAsync(new() { EnvironmentName = "Development" }).WithinDeadline(Patience);

        await using var page = await _browser.OpenAsync(node.Address);

        await Expect(page.Rows.First).ToBeVisibleAsync(new() { Timeout = 15_000 });
        await Expect(page.Rows.First).ToHaveAttributeAsync("data-type", AgentStepCompleted.TypeName);
        await Expect(page.Tab.GetByTestId("user-name")).ToHaveTextAsync("demo");
        await page.ExpectStateAsync("live");
        page.Complaints.Should().BeEmpty();
    }

    [Test]
    public void A_missing_browser_is_answered_with_the_command_that_installs_one()
    {
        var looking = () => Browser.FindExecutable(["no-such-browser"]);

        looking.Should().Throw<AssertionException>().WithMessage("apt-get install -y chromium");
    }

    static ILocatorAssertions Expect(ILocator part) => Assertions.Expect(part);

    /// <summary>Development, because the page signs in there by itself; silent, because the test decides what happens.</summary>
    static Task<ServerNode> StartNodeAsync() => ServerNode.StartAsync(new()
    {
        EnvironmentName = "Development",
        Settings = new Dictionary<string, string?> { ["Realtime:DemoAgent"] = "false" },
    });

    static Uri PageOf(Uri server, string user) => new(server, $"?user={user}");

    /// <summary>Takes one token and keeps it: it must outlive a restart.</summary>
    static async Task<AgentEventsPublisher> PublisherAsync(ServerNode node)
    {
        string token = await TokenAsync(node, "worker", Scopes.Publish);
        return new AgentEventsPublisher(new AgentEventsPublisherOptions { ServerUrl = node.Address, AccessTokenProvider = _ => new(token) });
    }

    static async Task<HttpClient> UserAsync(ServerNode node, string user) => new()
    {
        BaseAddress = node.Address,
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", await TokenAsync(node, user)) },
    };

    static async Task<string> TokenAsync(ServerNode node, string user, params string[] scopes)
    {
        using var http = new HttpClient { BaseAddress = node.Address };
        using var response = await http.PostAsJsonAsync(Routes.DevTokens, new { userId = user, scopes }).WithinDeadline();
        return (await response.EnsureSuccessStatusCode().JsonAsync()).GetProperty("accessToken").GetString()!;
    }

    static async Task<bool> IsEngagedAsync(HttpClient user)
    {
        using var response = await user.GetAsync(Routes.Brake).WithinDeadline();
        return (await response.EnsureSuccessStatusCode().JsonAsync()).GetProperty("engaged").GetBoolean();
    }

    static AgentStepCompleted Step(int index) => ServerKilledTests.Step(index);

    // The browser evaluates it, so none of .NET's own options.
    [GeneratedRegex("^[0-9]+ s$", RegexOptions.None, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Seconds();
}
