using Spectre.Console;

namespace Realtime.Server.CommandLine.Doctor;

/// <summary>The checks as a table for people, lines for pipes, or one document for programs.</summary>
internal static class DoctorReport
{
    internal static void Write(CommandOutput output, IReadOnlyList<CheckResult> results)
    {
        if (output.IsJson) WriteDocument(results);
        else if (output.IsTerminal) WriteTable(results);
        else WriteLines(results);
    }

    private static CheckStatus Worst(IReadOnlyList<CheckResult> results) =>
        results.Any(r => r.Status == CheckStatus.Failed) ? CheckStatus.Failed : results.Any(r => r.Status == CheckStatus.Warning) ? CheckStatus.Warning : CheckStatus.Ok;

    private static void WriteDocument(IReadOnlyList<CheckResult> results) =>
        CommandOutput.Document(new { status = Worst(results), version = ReleaseName.Full, checks = results });

    private static void WriteLines(IReadOnlyList<CheckResult> results)
    {
        int width = results.Max(r => r.Check.Length);
        foreach (var result in results)
        {
            CommandOutput.Line($"{Word(result.Status),-7}  {result.Check.PadRight(width)}  {result.Found}");
            if (result.Fix is { } fix) CommandOutput.Line($"{string.Empty,-7}  {string.Empty.PadRight(width)}  -> {fix}");
        }

        CommandOutput.Line(Summary(results));
    }

    private static void WriteTable(IReadOnlyList<CheckResult> results)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey).Expand()
            .AddColumn(new TableColumn(string.Empty).NoWrap()).AddColumn(new TableColumn("Check").NoWrap()).AddColumn("Found, and what to do");
        foreach (var result in results)
        {
            var (sign, colour) = result.Status switch
            {
                CheckStatus.Ok => ("ok", Color.Green),
                CheckStatus.Warning => ("warning", Color.Yellow),
                CheckStatus.Failed => ("failed", Color.Red),
                _ => ("skipped", Color.Grey),
            };
            Paragraph found = new(result.Found);
            if (result.Fix is { } fix) found.Append("\n→ " + fix, new Style(colour));
            table.AddRow(new Text(sign, new Style(colour)), new Text(result.Check), found);
        }

        CommandOutput.Terminal.Write(table);
        CommandOutput.Terminal.WriteLine(Summary(results));
    }

    private static string Summary(IReadOnlyList<CheckResult> results)
    {
        int failed = results.Count(r => r.Status == CheckStatus.Failed);
        int warnings = results.Count(r => r.Status == CheckStatus.Warning);
        return $"{results.Count} checks: {failed} failed, {warnings} warning(s). This is {ReleaseName.Full}.";
    }

    private static string Word(CheckStatus status) => status switch
    {
        CheckStatus.Ok => "ok",
        CheckStatus.Warning => "warning",
        CheckStatus.Failed => "failed",
        _ => "skipped",
    };
}
