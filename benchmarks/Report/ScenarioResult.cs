using System.Globalization;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Scenarios;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Report;

/// <summary>All rounds of one scenario. A ratio is taken within each round, then the median: what disturbs the machine for a while disturbs both sides.</summary>
internal sealed class ScenarioResult(Scenario scenario, IReadOnlyList<IReadOnlyDictionary<SystemKind, Measurement>> rounds)
{
    public string Letter => scenario.Letter;

    /// <summary>What went wrong with ours.</summary>
    public Tally OurTally => rounds.Where(r => r.ContainsKey(SystemKind.Ours)).Aggregate(Tally.None, (sum, r) => sum + r[SystemKind.Ours].Tally);

    /// <summary>The largest part of the machine that the generator took in any round.</summary>
    public double GeneratorShare => rounds.SelectMany(r => r.Values).Max(m => m.Cost.GeneratorShare);

    public double StrangersShare => rounds.SelectMany(r => r.Values).Max(m => m.Cost.StrangersShare);

    /// <summary>One line per claim.</summary>
    public IEnumerable<string> Lines()
    {
        foreach (var (claim, ratio) in Ratios())
            yield return $"{scenario.Letter}: {Label(claim)} = {Show(ratio)}{Verdict(claim, ratio)}";
    }

    /// <summary>Rows of the table in docs/performance.md.</summary>
    public IEnumerable<string> Rows()
    {
        var ratios = Ratios().ToList();
        var figures = rounds.SelectMany(r => r.Values).SelectMany(m => m.Figures.Keys).Distinct();
        foreach (string figure in figures)
        {
            var cells = new[] { SystemKind.Ours, SystemKind.Plain, SystemKind.PlainAuth, SystemKind.Naive }.Select(kind => Median(kind, figure) is { } value ? Show(value) : "–");
            var own = ratios.Where(r => r.Claim.Figure == figure).ToList();
            string ratio = own.Count == 0 ? "–" : string.Join(", ", own.Select(r => r.Claim.Against is { } other ? $"**{Show(r.Ratio)}** x {other.Name()}" : $"**{Show(r.Ratio)}**"));
            var targets = own.Where(r => r.Claim.Target is not null).Select(r => $"{Limit(r.Claim)}{(r.Claim.IsMetBy(r.Ratio) ? string.Empty : " (missed)")}").ToList();
            yield return $"| {scenario.Letter} | {figure} | {string.Join(" | ", cells)} | {ratio} | {(targets.Count == 0 ? "–" : string.Join(", ", targets))} |";
        }
    }

    private IEnumerable<(Claim Claim, double Ratio)> Ratios()
    {
        foreach (var claim in scenario.Claims)
        {
            var ratios = rounds.Select(r => RatioOf(r, claim)).OfType<double>().ToList();
            if (ratios.Count > 0) yield return (claim, Median(ratios));
        }
    }

    private static double? RatioOf(IReadOnlyDictionary<SystemKind, Measurement> round, Claim claim)
    {
        if (Figure(round, SystemKind.Ours, claim.Figure) is not { } ours) return null;
        if (claim.Against is not { } other) return ours;
        return Figure(round, other, claim.Figure) is { } theirs ? ours / theirs : null;
    }

    private static double? Figure(IReadOnlyDictionary<SystemKind, Measurement> round, SystemKind kind, string figure) =>
        round.TryGetValue(kind, out var measured) && measured.Figures.TryGetValue(figure, out double value) ? value : null;

    private double? Median(SystemKind kind, string figure)
    {
        var values = rounds.Select(r => Figure(r, kind, figure)).OfType<double>().ToList();
        return values.Count == 0 ? null : Median(values);
    }

    private static double Median(IReadOnlyList<double> values)
    {
        var sorted = values.Order().ToList();
        int middle = sorted.Count / 2;
        return sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private static string Label(Claim claim) => claim.Against is { } other ? $"{claim.Figure}, ours / {other.Name()}" : claim.Figure;

    private static string Limit(Claim claim) => claim.Target is { } target ? string.Create(CultureInfo.InvariantCulture, $"{(claim.IsLeast ? "≥" : "≤")} {target}") : string.Empty;

    private static string Verdict(Claim claim, double ratio) =>
        claim.Target is null ? string.Empty : $" (target {Limit(claim)}: {(claim.IsMetBy(ratio) ? "met" : "missed")})";

    internal static string Show(double value) => Math.Abs(value) switch
    {
        >= 100 => value.ToString("#,0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.00", CultureInfo.InvariantCulture),
    };
}
