using System.Text.RegularExpressions;
using Realtime.Harness;

namespace Realtime.Tests.Support;

/// <summary>A document of the repository, for tests that hold it to its word.</summary>
static partial class Markdown
{
    /// <summary>The fenced blocks of code, in order. A block without a language is no code.</summary>
    internal static IReadOnlyList<(string Language, string Code)> Blocks(string file) =>
        [.. Block().Matches(File.ReadAllText(Path.Combine(RepositoryPaths.Root, file)))
            .Select(m => (m.Groups["language"].Value, m.Groups["code"].Value))
            .Where(b => b.Item1.Length > 0)];

    /// <summary>For comparing code whatever its depth.</summary>
    internal static string WithoutIndent(string code) => string.Join('\n', code.Split('\n').Select(l => l.Trim()));

    [GeneratedRegex("^```(?<language>[a-z]*)\n(?<code>.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Block();
}
