using System.Globalization;
using System.Text.Json;
using Realtime.Harness;

namespace Realtime.OpsCheck;

/// <summary>A Prometheus of this run's own that scrapes a <see cref="LoadedSystem"/> and has our alert rules.</summary>
sealed class PrometheusRun : IAsyncDisposable
{
    readonly ProgramRun _process;
    readonly TempFolder _folder;
    readonly HttpClient _http;

    PrometheusRun(ProgramRun process, TempFolder folder, int port)
    {
        (_process, _folder) = (process, folder);
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/"), Timeout = TimeSpan.FromSeconds(30) };
    }

    internal static async Task<PrometheusRun> StartAsync(string program, LoadedSystem system)
    {
        var folder = TempFolder.Create("prometheus");
        int port = FreePort.Next();
        string configuration = Path.Combine(folder.Path, "prometheus.yml");
        await File.WriteAllTextAsync(configuration, string.Create(CultureInfo.InvariantCulture, $$"""
            global: { scrape_interval: 2s, evaluation_interval: 5s }
            rule_files: ["{{OpsFiles.Rules}}"]
            scrape_configs:
              - job_name: realtime
                static_configs: [{ targets: [{{string.Join(", ", system.ServerMetrics.Select(p => $"\"127.0.0.1:{p}\""))}}] }]
              - job_name: realtime-clients
                static_configs: [{ targets: ["127.0.0.1:{{system.ClientMetrics}}"] }]
            """));
        var process = await ProgramRun.StartAsync(program, [$"--config.file={configuration}", $"--storage.tsdb.path={Path.Combine(folder.Path, "data")}", $"--web.listen-address=127.0.0.1:{port}"]);
        return new PrometheusRun(process, folder, port);
    }

    /// <summary>How many series the query has now; no more than zero when it cannot be asked.</summary>
    /// <exception cref="HttpRequestException">Prometheus refuses the query.</exception>
    internal async Task<int> CountAsync(string expression)
    {
        using var answer = JsonDocument.Parse(await _http.GetStringAsync($"api/v1/query?query={Uri.EscapeDataString(expression)}"));
        return answer.RootElement.GetProperty("data").GetProperty("result").GetArrayLength();
    }

    /// <summary>Names of the alerts that are pending or fire.</summary>
    internal async Task<IReadOnlyList<string>> AlertsAsync()
    {
        using var answer = JsonDocument.Parse(await _http.GetStringAsync("api/v1/alerts"));
        return [.. answer.RootElement.GetProperty("data").GetProperty("alerts").EnumerateArray()
            .Select(alert => $"{alert.GetProperty("labels").GetProperty("alertname").GetString()} ({alert.GetProperty("state").GetString()})").Distinct()];
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
        _folder.Dispose();
    }
}
