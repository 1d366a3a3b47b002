using System.Text.RegularExpressions;
using Realtime.Harness;
using Realtime.Tests.Repository;
using Realtime.Tests.Support;

namespace Realtime.Tests.Docs;

/// <summary>JavaScript in documents is read by Node, and the options and methods of our client that it uses are there.</summary>
[Category("Integration")]
public sealed partial class JavaScriptBlocksTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Test]
    public async Task Every_block_is_JavaScript_and_uses_what_the_client_offers()
    {
        string client = string.Join('\n', TrackedFiles.All().Where(path => path.StartsWith("web/src/client/", StringComparison.Ordinal)).Select(TrackedFiles.Read));
        var blocks = Markdown.Documents().SelectMany(Markdown.CodeBlocks).Where(b => b.Language is "js" or "ts").ToList();
        blocks.Should().NotBeEmpty();

        foreach (var block in blocks)
        {
            await using var node = await ProgramRun.StartAsync("node", ["--input-type=module", "--check"], input: block.Code);
            (await node.WaitForExitAsync(Patience)).Should().Be(0, "{0}\n{1}", block, string.Join('\n', node.Output));
            foreach (string option in ClientOptions().Matches(block.Code).SelectMany(m => Option().Matches(m.Value)).Select(m => m.Groups["name"].Value))
                client.Should().MatchRegex($@"\b{option}\b", "{0} sets it", block);
        }
    }

    [GeneratedRegex(@"new AgentEventsClient\(\{.*?\}\);", RegexOptions.Singleline | RegexOptions.NonBacktracking)]
    private static partial Regex ClientOptions();

    [GeneratedRegex(@"[{,\n] *(?<name>[a-zA-Z]+)[:,]", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Option();
}
