using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using Realtime.Contracts;
using Realtime.Server.Api;
using Realtime.Server.Draining;

namespace Realtime.Server.Telemetry;

/// <summary>
/// The listener on <see cref="RealtimeOptions.ManagementPort"/>: metrics and health, nothing else. A web application of its own and not a further
/// address of the first one, so that no route of that one can ever be reached here, and no setting of its listeners is touched.
/// </summary>
internal sealed class ManagementServer(
    IOptions<RealtimeOptions> options, MeterProvider meters, HealthCheckService health, Drain drain, ILoggerFactory loggers, ILogger<ManagementServer> logger) : IHostedService, IAsyncDisposable
{
    private WebApplication? _app;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.ManagementPort is not { } port) return;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            WebServerLimits.Apply(kestrel);
            kestrel.ListenAnyIP(port);
        });
        _app = builder.Build();
        _app.UseOpenTelemetryPrometheusScrapingEndpoint(
            meters, static context => IsReading(context) && context.Request.Path == Routes.Metrics, path: null, configureBranchedPipeline: null, optionsName: null);
        _app.Run(AnswerAsync);
        await _app.StartAsync(cancellationToken);
        ServerLog.ManagementListening(logger, port);
    }

    public Task StopAsync(CancellationToken cancellationToken) => _app?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public ValueTask DisposeAsync() => _app?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static bool IsReading(HttpContext context) => HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);

    private async Task AnswerAsync(HttpContext context)
    {
        if (IsReading(context) && context.Request.Path == Routes.Live) await WriteAsync(context, static _ => false);
        else if (IsReading(context) && context.Request.Path == Routes.Ready) await WriteAsync(context, check => check.Tags.Contains(drain.HasBegun ? Health.DrainTag : Health.ReadyTag));
        else context.Response.StatusCode = StatusCodes.Status404NotFound;
    }

    private async Task WriteAsync(HttpContext context, Func<HealthCheckRegistration, bool> which)
    {
        var report = await health.CheckHealthAsync(which, context.RequestAborted);
        context.Response.StatusCode = report.Status == HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
        context.Response.Headers.CacheControl = "no-store";
        await Health.WriteAsync(context, report);
    }
}
