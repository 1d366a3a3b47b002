using System.Net;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Faults on demand exist in Development, for whoever has a token, and nowhere else.</summary>
[Category("Integration")]
internal sealed class DevFaultTests
{
    [TestCase("Production", "cut", HttpStatusCode.NotFound)]
    [TestCase("Staging", "deafen", HttpStatusCode.NotFound)]
    [TestCase("Development", "drop", HttpStatusCode.NoContent)]
    [TestCase("Development", "cut", HttpStatusCode.NoContent)]
    [TestCase("Development", "deafen", HttpStatusCode.NoContent)]
    [TestCase("Development", "explode", HttpStatusCode.BadRequest)]
    public async Task Faults_are_made_in_Development_only(string environment, string fault, HttpStatusCode expected)
    {
        await using var host = await RealtimeHost.StartAsync(environment: environment);
        using var user = host.ClientFor("user_42");
        using var stranger = host.ClientWith(token: null);

        using var answer = await user.PostAsync($"{Routes.DevFaults}?fault={fault}", content: null).WithinDeadline();
        using var refusal = await stranger.PostAsync($"{Routes.DevFaults}?fault={fault}", content: null).WithinDeadline();

        answer.StatusCode.Should().Be(expected);
        refusal.StatusCode.Should().Be(environment == "Development" ? HttpStatusCode.Unauthorized : HttpStatusCode.NotFound);
    }
}
