using System.Text.RegularExpressions;
using Realtime.Harness;

namespace Realtime.Tests.Docs;

/// <summary>The documents cannot rot: their C# is compiled, and what they link to exists.</summary>
public sealed partial class ReadmeTests
{
    static readonly string Readme = File.ReadAllText(Path.Combine(RepositoryPaths.Root, "README.md"));

    [Test]
    public void Every_block_of_csharp_in_the_readme_is_compiled()
    {
        string compiled = WithoutIndent(File.ReadAllText(Path.Combine(RepositoryPaths.Root, "Realtime.Tests", "Docs", "ReadmeSnippets.cs")));
        var blocks = CSharpBlock().Matches(Readme).Select(m => m.Groups["code"].Value).ToList();

        blocks.Should().NotBeEmpty();
        foreach (string block in blocks) compiled.Should().Contain(WithoutIndent(block));
    }

    [Test]
    public void Everything_the_readme_links_to_exists()
    {
        var links = Link().Matches(Readme).Select(m => m.Groups["target"].Value).Where(t => !t.Contains("://", StringComparison.Ordinal)).ToList();

        links.Should().NotBeEmpty();
        links.Where(l => !Path.Exists(Path.Combine(RepositoryPaths.Root, l))).Should().BeEmpty();
    }

    static string WithoutIndent(string code) => string.Join('\n', code.Split('\n').Select(l => l.Trim()));

    [GeneratedRegex("```csharp\n(?<code>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex CSharpBlock();

    [GeneratedRegex(@"\]\((?<target>[^)#]+)\)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Link();
}
