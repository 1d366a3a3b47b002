using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Realtime.Contracts.Serialization;
using Realtime.Server.Api;
using Realtime.Server.Auth;
using Realtime.Server.Demo;
using Realtime.Server.Draining;
using Realtime.Server.EventStore;
using Realtime.Server.EventStreams;
using Realtime.Server.FanOut;
using Realtime.Server.Hubs;
using Realtime.Server.Limits;
using Realtime.Server.Publishing;
using Realtime.Server.Revocations;
using Realtime.Server.Telemetry;

namespace Realtime.Server;

/// <summary>Registers the server, or only its publisher, in a host.</summary>
public static class RealtimeServerRegistration
{
    /// <summary>
    /// Adds hub, store, publisher and access rules to an application; <see cref="RealtimeEndpoints.MapRealtime"/> maps them.
    /// Reads the sections <c>ConnectionStrings</c>, <c>Storage</c>, <c>Authentication</c> and <c>Realtime</c>.
    /// </summary>
    /// <remarks>
    /// A stop begins with the drain (<see cref="RealtimeOptions.DrainWindow"/>), before <c>ApplicationStopping</c> is through and before any
    /// <c>StopAsync</c>. <c>HostOptions.ShutdownTimeout</c> becomes the window + 5 s, unless the application has set a longer one.
    /// </remarks>
    /// <param name="builder">The application.</param>
    /// <param name="registerEventTypes">Registers the application's own event types.</param>
    /// <exception cref="RealtimeConfigurationException">The configuration cannot work; the message lists all faults.</exception>
    public static IHostApplicationBuilder AddRealtimeServer(this IHostApplicationBuilder builder, Action<EventTypes>? registerEventTypes = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ConfigurationCheck.Server(builder.Configuration, builder.Environment);

        AddPublishing(builder, registerEventTypes, isServer: true);
        var services = builder.Services;
        BearerSetup.Register(services);
        services.AddRevocations();
        Health.Register(services);
        services.AddSingleton<HubConnections>();
        services.AddSingleton<HubCalls>();
        services.AddSingleton<HubDoor>();
        DrainRegistration.Register(services);
        services.AddSingleton<IHubActivator<AgentHub>, AgentHubActivator>();
        services.AddSingleton<HubFaults>();
        services.Configure<HubOptions<AgentHub>>(hub => hub.AddFilter<HubFaults>());
        services.AddSingleton<SharedReads>();
        services.AddSingleton<HeadReader>();
        services.AddHostedService(s => s.GetRequiredService<HeadReader>());
        services.AddHostedService<ConnectionExpiry>();
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<EventStreamSettings>(s, (Func<double>)RetentionJob.NextJitter));
        services.AddSingleton<EventStreamServer>();
        services.AddHostedService(s => ActivatorUtilities.CreateInstance<RetentionJob>(s, (Func<double>)RetentionJob.NextJitter));
        LimitsSetup.Register(services);
        services.AddProblemDetails();
        services.AddCors();
        if (builder.Environment.IsDevelopment()) services.AddHostedService<DemoAgent>();
        return builder;
    }

    /// <summary>
    /// Adds <see cref="IAgentEventPublisher"/> and <see cref="IAgentBrake"/> to a worker in a process of its own: the same store and
    /// hub context as the server's, no HTTP. Needs <c>ConnectionStrings:Postgres</c>, and <c>ConnectionStrings:Redis</c> to push at once.
    /// </summary>
    /// <param name="builder">The worker's host.</param>
    /// <param name="registerEventTypes">Registers the application's own event types.</param>
    /// <exception cref="RealtimeConfigurationException">The configuration cannot work; the message lists all faults.</exception>
    public static IHostApplicationBuilder AddRealtimePublisher(this IHostApplicationBuilder builder, Action<EventTypes>? registerEventTypes = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ConfigurationCheck.Publisher(builder.Configuration);
        AddPublishing(builder, registerEventTypes, isServer: false);
        return builder;
    }

    private static void AddPublishing(IHostApplicationBuilder builder, Action<EventTypes>? registerEventTypes, bool isServer)
    {
        var types = EventTypes.CreateDefault();
        registerEventTypes?.Invoke(types);

        var services = builder.Services;
        services.Configure<RealtimeOptions>(builder.Configuration.GetSection(RealtimeOptions.Section));
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddSingleton<ServerMetrics>();
        services.AddSingleton(types);
        services.AddEventStore(builder.Configuration);
        services.AddHostedService<StoreStartup>();

        services.AddSingleton<EventRules>();
        services.AddSingleton<EventBroadcaster>();
        services.AddSingleton<CommittedEvents>();
        services.AddSingleton<AppendLanes>();
        services.AddSingleton<AppendQueue>();
        services.AddSingleton<TransactionAppend>();
        services.AddHostedService(s => s.GetRequiredService<AppendQueue>());
        services.AddSingleton<IAgentEventPublisher, AgentEventPublisher>();
        services.AddSingleton<IAgentBrake, AgentBrake>();

        var signalR = services.AddSignalR()
            .AddJsonProtocol(o => o.PayloadSerializerOptions.TypeInfoResolverChain.Insert(0, RealtimeJsonContext.Default));
        Backplane.Register(builder, signalR, isServer);
        services.AddSingleton<IPostConfigureOptions<LoggerFilterOptions>, TokensOutOfLogs>();
    }
}
