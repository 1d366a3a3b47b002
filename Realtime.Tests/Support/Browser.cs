using Microsoft.Playwright;
using Realtime.Harness.Processes;

namespace Realtime.Tests.Support;

/// <summary>The machine's own Chromium without a window; nothing is downloaded. It and its driver end with <see cref="DisposeAsync"/>.</summary>
sealed class Browser : IAsyncDisposable
{
    /// <summary>How long the page may take to become what a test expects.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);
    static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];

    static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    readonly IPlaywright _driver;
    readonly IBrowser _browser;

    Browser(IPlaywright driver, IBrowser browser)
    {
        _driver = driver;
        _browser = browser;
    }

    internal static async Task<Browser> StartAsync()
    {
        var executable = FindExecutable(Names);
        var driver = await Playwright.CreateAsync().WithinDeadline(StartDeadline, "the driver of the browser");
        try
        {
            Assertions.SetDefaultExpectTimeout((float)Patience.TotalMilliseconds);
            var launch = driver.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = executable, Args = Arguments, Headless = true });
            return new Browser(driver, await launch.WithinDeadline(StartDeadline, "the browser to start"));
        }
        catch
        {
            driver.Dispose();
            throw;
        }
    }

    /// <exception cref="AssertionException">None of them is installed; the message is the command that changes it.</exception>
    internal static string FindExecutable(IEnumerable<string> names) =>
        names.Select(Executables.FindOnPath).FirstOrDefault(path => path is not null) ?? throw new AssertionException("apt-get install -y chromium");

    /// <summary>Opens a page in a context of its own: no storage, cache or cookie of another test.</summary>
    internal async Task<DashboardPage> OpenAsync(Uri address, BrowserNewContextOptions? options = null)
    {
        var context = await _browser.NewContextAsync(options).WithinDeadline();
        context.SetDefaultTimeout((float)Patience.TotalMilliseconds);
        var page = await DashboardPage.CreateAsync(context);
        try
        {
            await page.Tab.GotoAsync(address.ToString()).WithinDeadline(StartDeadline);
            return page;
        }
        catch
        {
            await page.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.CloseAsync().WithinDeadline(StartDeadline, "the browser to close");
        _driver.Dispose();
    }
}
