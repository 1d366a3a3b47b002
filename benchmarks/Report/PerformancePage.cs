using Realtime.Harness;

namespace Realtime.Benchmarks.Report;

/// <summary>The table between two markers in <c>docs/performance.md</c>. Rows of scenarios that were not run stay.</summary>
internal static class PerformancePage
{
    private const string Begin = "<!-- benchmarks: begin -->";
    private const string End = "<!-- benchmarks: end -->";
    private const string Header = "| | figure (median) | ours | plain | plain-auth | naive | ratio (median of the rounds) | target |\n| --- | --- | --- | --- | --- | --- | --- | --- |";

    /// <summary>The whole text between the markers.</summary>
    public static string Table(IReadOnlyList<ScenarioResult> results, string machine, IEnumerable<string> keptRows) =>
        $"{machine}\n\n{Header}\n{string.Join('\n', keptRows.Concat(results.SelectMany(r => r.Rows())).OrderBy(OrderOf))}";

    /// <exception cref="HarnessException">The page has no markers.</exception>
    public static void Write(IReadOnlyList<ScenarioResult> results, string machine)
    {
        string path = Path.Combine(RepositoryPaths.Root, "docs", "performance.md");
        string page = File.ReadAllText(path);
        int begin = page.IndexOf(Begin, StringComparison.Ordinal);
        int end = page.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin) throw new HarnessException($"{path} has no {Begin} … {End}.");
        string[] letters = [.. results.Select(r => r.Letter)];
        var kept = page[begin..end].Split('\n').Where(line => IsRow(line) && !letters.Contains(LetterOf(line), StringComparer.Ordinal));
        File.WriteAllText(path, $"{page[..begin]}{Begin}\n{Table(results, machine, kept)}\n{page[end..]}");
    }

    private static bool IsRow(string line) => line.StartsWith("| ", StringComparison.Ordinal) && LetterOf(line).Length == 1;

    private static string LetterOf(string row) => row.Split('|')[1].Trim();

    private static int OrderOf(string row) => "CLTBHFRSG".IndexOf(LetterOf(row), StringComparison.Ordinal);
}
