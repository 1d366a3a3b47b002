using System.Text.RegularExpressions;
using Realtime.Harness;
using Realtime.Tests.Repository;

namespace Realtime.Tests.Support;

/// <summary>A document of the repository, for tests that hold it to its word.</summary>
static partial class Markdown
{
    /// <param name="Document">Path from the top folder.</param>
    /// <param name="Line">Of its fence, from 1.</param>
    /// <param name="Language">First word of the fence.</param>
    /// <param name="Info">The rest of the fence: what is done with the block.</param>
    /// <param name="Code">What it holds.</param>
    internal sealed record CodeBlock(string Document, int Line, string Language, string Info, string Code)
    {
        public override string ToString() => $"{Document}:{Line} ({$"{Language} {Info}".Trim()})";
    }

    /// <summary>Paths of all documents.</summary>
    internal static IReadOnlyList<string> Documents() => [.. TrackedFiles.All().Where(path => path.EndsWith(".md", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    /// <summary>The fenced blocks of code, in order. A block without a language is no code.</summary>
    internal static IReadOnlyList<(string Language, string Code)> Blocks(string file) => [.. CodeBlocks(file).Select(b => (b.Language, b.Code))];

    /// <summary>The same, with all that is known of them.</summary>
    internal static IReadOnlyList<CodeBlock> CodeBlocks(string file)
    {
        string text = File.ReadAllText(Path.Combine(RepositoryPaths.Root, file));
        return [.. Block().Matches(text)
            .Select(m => new CodeBlock(file, 1 + text.AsSpan(0, m.Index).Count('\n'), m.Groups["language"].Value, m.Groups["info"].Value, m.Groups["code"].Value))
            .Where(b => b.Language.Length > 0)];
    }

    /// <summary>For comparing code whatever its depth.</summary>
    internal static string WithoutIndent(string code) => string.Join('\n', code.Split('\n').Select(l => l.Trim()));

    [GeneratedRegex("^```(?<language>[a-z]*)( +(?<info>[^\n]*))?\n(?<code>.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Block();
}
