using System.Globalization;
using System.Text;
using Realtime.Chaos.Checking;
using Realtime.Chaos.Plan;

namespace Realtime.Chaos.Report;

/// <summary>A report as a Markdown table that can also be read in a terminal.</summary>
static class ReportTable
{
    const string Begin = "<!-- chaos run: begin -->";
    const string End = "<!-- chaos run: end -->";

    internal static string Write(RunReport report)
    {
        var text = new StringBuilder();
        var check = report.Check;
        text.AppendLine("| fault | injected | deliveries meanwhile | longest wait (s) |");
        text.AppendLine("| --- | ---: | ---: | ---: |");
        foreach (var kind in FaultKind.All)
        {
            var injected = report.Faults.Count(f => f.Planned.Kind == kind);
            if (injected == 0)
                continue;
            var (deliveries, longest) = report.Waits.Of(kind);
            Line($"| {kind.Name,-22} | {injected,3} | {deliveries,7:#,0} | {longest.TotalSeconds,5:0.0} |");
        }
        Line($"| **all**                | {report.Faults.Count} | {check.Deliveries:#,0} | {report.Waits.Quantile(1).TotalSeconds:0.0} |");
        text.AppendLine();
        Line($"- {report.Options.Users} users, {report.Clients} clients ({report.ClientKinds}), {report.Stored:#,0} events stored, {check.Deliveries:#,0} deliveries to handlers.");
        Line($"- {report.Ledger.AcknowledgedCount:#,0} events acknowledged, {report.Ledger.Retries:#,0} attempts repeated under the same ids, {report.Ledger.RolledBack.Count:#,0} events rolled back, {report.Ledger.Indeterminate} left unknown.");
        Line($"- Wait from commit to handler: half within {report.Waits.Quantile(0.5).TotalMilliseconds:0} ms, 99 % within {report.Waits.Quantile(0.99).TotalSeconds:0.0} s, the longest {report.Waits.Quantile(1).TotalSeconds:0.0} s.");
        Line($"- {report.Connections.Opened:#,0} connections opened by {report.Clients:#,0} clients, who used {report.Connections.TokensMade:#,0} tokens of {report.Options.TokenLife} s.");
        Line($"- After {report.Faults.Count(f => f.Planned.Kind == FaultKind.ClientKill)} crashes of client processes {check.RepeatedAfterCrash} events came again, all after the saved cursor; {check.TrueHistoryLost} losses of trimmed history were reported, all true.");
        Line($"- **missing {check.Count(ViolationKind.Missing)} / duplicated {check.Count(ViolationKind.Duplicated)} / reordered {check.Count(ViolationKind.Reordered)}**, phantom {check.Count(ViolationKind.Phantom)}, false history lost {check.Count(ViolationKind.FalseHistoryLost)}, content {check.Count(ViolationKind.ContentDiffers)}, acknowledged not stored {check.Count(ViolationKind.AcknowledgedNotStored)}, causality {check.Count(ViolationKind.CausalityBroken)}, store order {check.Count(ViolationKind.StoreNotInOrder)}, parked {check.Count(ViolationKind.Parked)}, stopped {check.Count(ViolationKind.ClientStopped)}, stuck {check.Count(ViolationKind.Stuck)}, complaints {report.Complaints.Count}: {(report.IsPassed ? "**passed**" : "**FAILED**")}.");
        return text.ToString();

        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Replaces what stands between the markers of a file, or appends it with markers.</summary>
    internal static void WriteInto(string path, RunReport report)
    {
        var block = $"{Begin}\n`{report.Options.Command}`\n\n{Write(report)}{End}".ReplaceLineEndings("\n");
        var text = File.Exists(path) ? File.ReadAllText(path) : "";
        var from = text.IndexOf(Begin, StringComparison.Ordinal);
        var to = text.IndexOf(End, StringComparison.Ordinal);
        File.WriteAllText(path, from >= 0 && to > from ? text[..from] + block + text[(to + End.Length)..] : text + "\n" + block + "\n");
    }
}
