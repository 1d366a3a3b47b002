using Microsoft.Extensions.DependencyInjection.Extensions;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Realtime.Contracts;
using Realtime.Server.Telemetry;

namespace Realtime.Server;

/// <summary>What the server tells of itself, by OpenTelemetry; <c>docs/observability.md</c> lists it.</summary>
public static class RealtimeTelemetry
{
    /// <summary>Name of the server's meter, for an application that exports metrics by itself.</summary>
    public const string MeterName = ServerMetrics.MeterName;

    /// <summary>Name of the server's activity source, for an application that exports traces by itself.</summary>
    public const string ActivitySourceName = ServerTracing.SourceName;

    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Meters of what the server rests on.</summary>
    private static readonly string[] Meters =
    [
        MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.Http.Connections", "Npgsql", "System.Runtime",
    ];

    /// <summary>
    /// Adds <c>/metrics</c> for Prometheus, which <see cref="RealtimeEndpoints.MapRealtime"/> maps, or a listener of its own on
    /// <see cref="RealtimeOptions.ManagementPort"/>; and, where the standard variable <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set, the export of
    /// metrics and traces. Without that variable nothing is traced. An application with an OpenTelemetry set-up of its own leaves this away and adds
    /// <see cref="MeterName"/> and <see cref="ActivitySourceName"/> there.
    /// </summary>
    /// <param name="builder">The application, after <see cref="RealtimeServerRegistration.AddRealtimeServer"/>.</param>
    public static IHostApplicationBuilder AddRealtimeTelemetry(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Register(builder.Services, builder.Configuration);
        return builder;
    }

    internal static void Register(IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton<MetricsPage>();
        services.AddHostedService<MetricsAtStart>();
        services.AddHostedService<ManagementServer>();
        var telemetry = services.AddOpenTelemetry().ConfigureResource(resource => Name(resource, configuration)).WithMetrics(metrics => metrics
            .AddMeter(Meters)
            .AddPrometheusExporter(page => page.ScrapeResponseCacheDurationMilliseconds = 0));
        if (IsExported(configuration, "METRICS")) telemetry.WithMetrics(metrics => metrics.AddOtlpExporter());
        if (IsExported(configuration, "TRACES")) telemetry.WithTracing(traces => Trace(traces).AddOtlpExporter());
    }

    /// <summary>The spans of the server and of what it rests on.</summary>
    internal static TracerProviderBuilder Trace(TracerProviderBuilder traces) => traces
        .AddSource(ActivitySourceName, "Npgsql")
        .AddAspNetCoreInstrumentation(requests => requests.Filter = IsWorthASpan);

    /// <summary>A connection that lasts for hours is no span, and a probe that comes every second is none that anybody looks at.</summary>
    private static bool IsWorthASpan(HttpContext context) =>
        !context.Request.Path.StartsWithSegments(Routes.HubPrefix, StringComparison.OrdinalIgnoreCase) && !context.Request.Path.StartsWithSegments(Routes.EventStream, StringComparison.OrdinalIgnoreCase)
        && !context.Request.Path.StartsWithSegments("/health", StringComparison.OrdinalIgnoreCase) && context.Request.Path != Routes.Metrics;

    private static bool IsExported(IConfiguration configuration, string signal) =>
        !string.IsNullOrWhiteSpace(configuration[Endpoint]) || !string.IsNullOrWhiteSpace(configuration[Endpoint.Replace("OTLP_", $"OTLP_{signal}_", StringComparison.Ordinal)]);

    /// <summary>The name that OTEL_SERVICE_NAME gives wins.</summary>
    private static void Name(ResourceBuilder resource, IConfiguration configuration)
    {
        if (string.IsNullOrWhiteSpace(configuration["OTEL_SERVICE_NAME"])) resource.AddService("realtime-server");
    }
}
