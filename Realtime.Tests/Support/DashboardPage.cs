using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace Realtime.Tests.Support;

/// <summary>The dashboard in a tab: its parts by what they are, and whatever the browser had to complain about.</summary>
sealed class DashboardPage : IAsyncDisposable
{
    /// <summary>The browser's own report names neither the directive nor what was refused; this one does.</summary>
    const string ReportPolicyViolations =
        "addEventListener('securitypolicyviolation', e => console.error(`Policy ${e.effectiveDirective} refused ${e.blockedURI}`));";

    readonly ConcurrentQueue<string> _complaints = new();

    DashboardPage(IPage tab)
    {
        Tab = tab;
        tab.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") _complaints.Enqueue(message.Text);
        };
        tab.PageError += (_, error) => _complaints.Enqueue($"Uncaught: {error}");
    }

    internal IPage Tab { get; }

    internal ILocator Connection => Tab.GetByTestId("connection-state");

    internal ILocator Countdown => Tab.GetByTestId("countdown");

    internal ILocator Rows => Tab.GetByTestId("event-row");

    internal ILocator MissedMarker => Tab.GetByTestId("missed-marker");

    internal ILocator Brake => Tab.GetByTestId("brake-state");

    /// <summary>Errors and warnings of the console, uncaught exceptions and violations of the content security policy.</summary>
    internal IReadOnlyCollection<string> Complaints => _complaints;

    internal static async Task<DashboardPage> CreateAsync(IBrowserContext context)
    {
        var page = new DashboardPage(await context.NewPageAsync().WithinDeadline());
        await page.Tab.AddInitScriptAsync(ReportPolicyViolations).WithinDeadline();
        return page;
    }

    /// <param name="state">connecting, live, catching-up, reconnecting or stopped.</param>
    /// <param name="patience">Long enough for the backoff of a reconnect where there is one.</param>
    internal Task ExpectStateAsync(string state, TimeSpan? patience = null) =>
        Assertions.Expect(Connection).ToHaveAttributeAsync("data-state", state, new() { Timeout = (float)(patience ?? Browser.Patience).TotalMilliseconds });

    /// <summary>The feed from top to bottom: sequences of the events, and <c>missed N</c> for a marker.</summary>
    internal async Task<string[]> FeedAsync() =>
        await Tab.GetByTestId("feed").EvaluateAsync<string[]>(
            """
            feed => [...feed.querySelectorAll('[data-position], [data-missed]')]
              .map(e => e.dataset.missed === undefined ? e.dataset.position.split('.')[1] : `missed ${e.dataset.missed}`)
            """).WithinDeadline();

    public async ValueTask DisposeAsync() => await Tab.Context.CloseAsync().WithinDeadline();
}
