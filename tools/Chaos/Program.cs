// Breaks a real cluster on purpose and checks that no event was lost, repeated or reordered. See docs/reliability.md.
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Realtime.Chaos;
using Realtime.Chaos.Clients;
using Realtime.Chaos.Plan;
using Realtime.Chaos.Report;
using Realtime.Harness;

if (args is [ClientCommand.Name, var settings])
    return await ClientCommand.RunAsync(settings);

if (!ChaosOptions.TryParse(args, out var options, out var fault))
{
    await Console.Error.WriteLineAsync(fault);
    return 2;
}
if (options.IsList)
{
    foreach (var kind in FaultKind.All)
        Console.WriteLine($"{kind.Name,-22} {kind.Meaning}");
    return 0;
}
if (options.IsPlan)
{
    foreach (var planned in options.Plan().Faults)
        Console.WriteLine(planned);
    return 0;
}

using var stopping = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
var folder = Path.Combine(RepositoryPaths.Root, "artifacts", "chaos", string.Create(CultureInfo.InvariantCulture, $"seed-{options.Seed}-{DateTime.UtcNow:yyyyMMdd-HHmmss}"));
Directory.CreateDirectory(folder);
var elapsed = Stopwatch.StartNew();
var gate = new Lock();
try
{
    Log(options.Command);
    var report = await new ChaosRun(options, folder, Log, Note).RunAsync(stopping.Token);
    var table = ReportTable.Write(report);
    Console.WriteLine();
    Console.Write(table);
    if (options.ReportFile is { } file)
        ReportTable.WriteInto(file, report);
    if (report.IsPassed)
    {
        Directory.Delete(folder, recursive: true);
        return 0;
    }
    var findings = report.Complaints.Concat(report.Check.Violations.Select(v => v.ToString())).ToList();
    await File.WriteAllTextAsync(Path.Combine(folder, "findings.txt"), table + "\n" + string.Join('\n', findings) + "\n");
    foreach (var finding in findings.Take(40))
        Console.WriteLine(finding);
    Console.WriteLine($"FAILED: {findings.Count} findings; logs are in {folder}. Again: {options.Command}");
    return 1;
}
catch (Exception e) when (!stopping.IsCancellationRequested)
{
    Console.WriteLine($"FAILED: {e}\nLogs are in {folder}. Again: {options.Command}");
    return 1;
}
catch (Exception) when (stopping.IsCancellationRequested)
{
    Console.WriteLine("Stopped.");
    Directory.Delete(folder, recursive: true);
    return 1;
}

void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stopping.Cancel();
}

void Log(string line)
{
    Console.WriteLine(Stamped(line));
    Note(line);
}

void Note(string line)
{
    lock (gate)
        File.AppendAllText(Path.Combine(folder, "run.log"), Stamped(line) + "\n");
}

string Stamped(string line) => string.Create(CultureInfo.InvariantCulture, $"{elapsed.Elapsed.TotalSeconds,8:0.000}  {line}");
