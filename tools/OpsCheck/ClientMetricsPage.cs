using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using Realtime.Harness;

namespace Realtime.OpsCheck;

/// <summary><c>/metrics</c> of the clients in this process, as an application would expose them.</summary>
sealed class ClientMetricsPage : IAsyncDisposable
{
    readonly WebApplication _app;

    ClientMetricsPage(WebApplication app, int port)
    {
        _app = app;
        Port = port;
    }

    internal int Port { get; }

    internal static async Task<ClientMetricsPage> StartAsync()
    {
        int port = FreePort.Next();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter("Realtime.Client").AddPrometheusExporter());
        var app = builder.Build();
        app.MapPrometheusScrapingEndpoint();
        await app.StartAsync();
        return new ClientMetricsPage(app, port);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
