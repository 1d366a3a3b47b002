using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.Harness;

/// <summary>The built server itself runs as a node, outside Development.</summary>
[Category("Integration")]
public sealed class RealServerNodeTests
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Test]
    public async Task Server_with_an_embedded_store_starts_is_killed_and_starts_again_on_its_data()
    {
        using var tokens = TestTokens.Hmac();
        await using var node = await ServerNode.StartAsync(new() { Settings = tokens.ServerSettings() }).WithinDeadline(Patience);
        var database = Path.Combine(node.ContentRoot, "data", "realtime.db");
        File.Exists(database).Should().BeTrue();

        await node.KillAsync().WithinDeadline();
        await node.RestartAsync().WithinDeadline(Patience);

        (await node.TerminateAsync().WithinDeadline(Patience)).Should().Be(0);
    }
}
