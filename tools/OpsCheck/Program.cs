using System.Globalization;
using Realtime.Harness;
using Realtime.OpsCheck;

// Runs a loaded system under a real Prometheus, takes Redis away for a while, and asks every query of ops/. See ops/check.sh.
int seconds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 120;
string prometheus = args.Length > 1 ? args[1] : "prometheus";
string promtool = args.Length > 2 ? args[2] : "promtool";

await using (var rules = await ProgramRun.StartAsync(promtool, ["check", "rules", OpsFiles.Rules]))
{
    int code = await rules.WaitForExitAsync(TimeSpan.FromSeconds(30));
    Console.WriteLine(string.Join('\n', rules.Output));
    if (code != 0) return 1;
}

await using var system = await LoadedSystem.StartAsync();
await using var server = await PrometheusRun.StartAsync(prometheus, system);
var third = TimeSpan.FromSeconds(seconds / 3.0);

await Task.Delay(third);
await TellAsync("Redis is here");
await system.Redis.KillAsync();
await Task.Delay(third);
await TellAsync("Redis is away");
await system.Redis.RestartAsync();
await Task.Delay(third);
await TellAsync("Redis is back");

int empty = 0;
foreach (var query in OpsFiles.PanelQueries())
{
    int series = await server.CountAsync(query.Expression);
    if (series > 0) continue;
    empty++;
    Console.WriteLine($"EMPTY  {query.File}: {query.Title}: {query.Expression}");
}

foreach (var alert in OpsFiles.AlertQueries()) await server.CountAsync(alert.Expression); // an expression that Prometheus refuses throws
Console.WriteLine($"{OpsFiles.PanelQueries().Count} panel queries, {empty} without a series; {OpsFiles.AlertQueries().Count} alert expressions evaluated.");
Console.WriteLine($"{system.Published} published, {system.Processed} processed. Alerts now: {string.Join(", ", await server.AlertsAsync())}");
return empty == 0 ? 0 : 1;

// What docs/observability.md, "Why are events late", looks at.
async Task TellAsync(string when)
{
    Console.WriteLine($"-- {when}: {system.Published} published, {system.Processed} processed, alerts: {string.Join(", ", await server.AlertsAsync())}");
    foreach (int port in system.ServerMetrics)
    {
        using var http = new HttpClient();
        string scrape = await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"));
        string[] shown = ["realtime_server_backplane_away", "realtime_server_hints_lost", "realtime_server_events_repaired", "realtime_server_head_lag", "realtime_server_delivery_delay_seconds_count", "realtime_server_delivery_delay_seconds_sum"];
        foreach (string line in scrape.Split('\n').Where(line => shown.Any(name => line.StartsWith(name, StringComparison.Ordinal)))) Console.WriteLine($"   :{port} {line}");
    }
}
