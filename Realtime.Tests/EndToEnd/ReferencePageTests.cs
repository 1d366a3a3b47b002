using Microsoft.Playwright;
using Realtime.Server.Description;
using Realtime.Tests.Support;

namespace Realtime.Tests.EndToEnd;

/// <summary>The page at <c>/scalar/</c> in a real browser: it shows what the server can do, and asks nobody else for anything.</summary>
[Category("Integration")]
public sealed class ReferencePageTests
{
    [Test]
    public async Task It_shows_every_group_of_calls_and_loads_nothing_from_elsewhere()
    {
        await using var host = await RealtimeHost.StartAsync(environment: "Development", trustTokens: false, map: app => app.MapReferencePage());
        await using var browser = await Browser.StartAsync();

        await using var page = await browser.OpenAsync(new Uri(host.Address, ReferencePage.Path + "/"));

        foreach (string text in new[] { "Publish", "Cursors", "Hub", "Operators", "Health" })
            await Assertions.Expect(page.Tab.GetByText(text).First).ToBeAttachedAsync();
        page.Complaints.Should().BeEmpty("its policy lets nothing leave the machine, and what would is reported here");
    }
}
