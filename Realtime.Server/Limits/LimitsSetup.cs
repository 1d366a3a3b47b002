using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;
using Realtime.Server.EventStore;
using Realtime.Server.FanOut;
using Realtime.Server.Hubs;

namespace Realtime.Server.Limits;

/// <summary>Registers the limits of a server.</summary>
internal static class LimitsSetup
{
    /// <summary>
    /// Bytes that may wait for a connection before it counts as behind and has to fetch. With SignalR's 64 KiB a dozen large events that
    /// are committed together were enough. Taken from a pool when needed, and given back when the connection ends.
    /// </summary>
    private const int ConnectionBuffer = 256 * 1024;

    internal static void Register(IServiceCollection services)
    {
        services.AddSingleton<LimitReports>();
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<RequestLimits>(s, (Func<double>)RetentionJob.NextJitter));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<OpenConnections>(s, (Func<double>)RetentionJob.NextJitter));
        services.AddSingleton<HandshakeLimits>();
        services.AddSingleton<HubLimits>();
        services.AddSignalR().AddHubOptions<AgentHub>(hub => hub.AddFilter<HubLimits>());
        services.AddOptions<HubOptions<AgentHub>>().Configure<IOptions<RealtimeOptions>>((hub, ours) => hub.MaximumReceiveMessageSize = ours.Value.MaxHubMessageBytes);
        services.AddHostedService<SlowReaders>();
    }

    /// <summary>
    /// SignalR closes a socket that takes nothing for a time, and does not say why. Where we look at the buffers ourselves it waits twice
    /// as long, so that a slow connection is called one.
    /// </summary>
    internal static HttpConnectionDispatcherOptions Transport(IServiceProvider services)
    {
        var timeout = services.GetRequiredService<IOptions<RealtimeOptions>>().Value.SlowReaderTimeout;
        return new HttpConnectionDispatcherOptions
        {
            TransportMaxBufferSize = ConnectionBuffer,
            TransportSendTimeout = services.GetService<ShardLifetimeManager>() is null ? timeout : 2 * timeout,
        };
    }
}
