using System.Text.RegularExpressions;

namespace Realtime.OpsCheck;

/// <summary>As much of PromQL and of the text format as our files need: which metrics a query names, and which a scrape holds.</summary>
static partial class PromQl
{
    /// <summary>Names of the metrics in a query: what is left without strings, matchers, ranges and lists of labels, and is no function.</summary>
    internal static IReadOnlySet<string> MetricNames(string expression)
    {
        string bare = NoNames().Replace(expression, " ");
        return Name().Matches(bare).Where(name => !IsFunction(bare, name)).Select(name => name.Value).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Names of the series of a scrape.</summary>
    internal static IReadOnlySet<string> SeriesNames(string scrape) => scrape.Split('\n')
        .Where(line => line.Length > 0 && line[0] != '#')
        .Select(line => line[..line.IndexOfAny(['{', ' '])]).ToHashSet(StringComparer.Ordinal);

    static bool IsFunction(string text, Match name) => text.AsSpan(name.Index + name.Length).TrimStart() is ['(', ..];

    [GeneratedRegex("\\{[^}]*\\}|\\[[^\\]]*\\]|\\b(by|without|on|ignoring)\\s*\\([^)]*\\)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex NoNames();

    [GeneratedRegex("[a-zA-Z_:][a-zA-Z0-9_:]*", RegexOptions.NonBacktracking)]
    private static partial Regex Name();
}
