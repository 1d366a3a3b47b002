using System.Text.Json;
using System.Text.RegularExpressions;
using Realtime.Harness;

namespace Realtime.OpsCheck;

/// <summary>A question to Prometheus that one of our files asks.</summary>
/// <param name="File">Which file.</param>
/// <param name="Title">Panel or alert.</param>
/// <param name="Expression">PromQL, with the dashboard's variables filled in.</param>
sealed record OpsQuery(string File, string Title, string Expression);

/// <summary>What the files of <c>ops/</c> ask.</summary>
static partial class OpsFiles
{
    static readonly string Folder = Path.Combine(RepositoryPaths.Root, "ops");

    internal static string Rules { get; } = Path.Combine(Folder, "prometheus", "realtime.rules.yml");

    /// <summary>Every query of every panel.</summary>
    internal static List<OpsQuery> PanelQueries() => [.. Directory.EnumerateFiles(Path.Combine(Folder, "grafana"), "*.json").Order(StringComparer.Ordinal).SelectMany(ReadDashboard)];

    /// <summary>The expression of every alert. Each is one line of the file.</summary>
    internal static List<OpsQuery> AlertQueries() =>
        [.. Alert().Matches(File.ReadAllText(Rules)).Select(alert => new OpsQuery(Path.GetFileName(Rules), alert.Groups["name"].Value, alert.Groups["expression"].Value))];

    static IEnumerable<OpsQuery> ReadDashboard(string file)
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(file));
        return [.. from panel in dashboard.RootElement.GetProperty("panels").EnumerateArray()
            where panel.TryGetProperty("targets", out _)
            from target in panel.GetProperty("targets").EnumerateArray()
            select new OpsQuery(Path.GetFileName(file), panel.GetProperty("title").GetString()!, Fill(target.GetProperty("expr").GetString()!))];
    }

    static string Fill(string expression) => expression.Replace("$__rate_interval", "30s", StringComparison.Ordinal).Replace("$node", ".*", StringComparison.Ordinal);

    [GeneratedRegex("- alert: (?<name>\\w+)\n\\s+expr: (?<expression>[^\n]+)\n", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Alert();
}
