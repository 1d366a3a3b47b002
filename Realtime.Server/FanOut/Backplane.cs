using Microsoft.AspNetCore.SignalR;
using Realtime.Server.EventStore;
using Realtime.Server.HeadCheck;
using Realtime.Server.Hubs;

namespace Realtime.Server.FanOut;

/// <summary>Registers what the configuration asks for.</summary>
internal static class Backplane
{
    internal static void Register(IHostApplicationBuilder builder, ISignalRServerBuilder signalR, bool isServer)
    {
        var services = builder.Services;
        string? redis = builder.Configuration.GetConnectionString("Redis");
        bool hasRedis = !string.IsNullOrEmpty(redis);
        var kind = builder.Configuration.GetValue($"{RealtimeOptions.Section}:{nameof(RealtimeOptions.Backplane)}", BackplaneKind.Shard);
        if (kind == BackplaneKind.Stock)
        {
            if (hasRedis) RedisBackplane.Register(services, signalR, redis!);
            if (hasRedis) services.AddHostedService<StockBackplaneWarning>();
            if (isServer) services.AddHostedService<StockHeadCheck>();
            return;
        }

        services.AddSingleton<LocalGroups>();
        services.AddSingleton<ShardLifetimeManager>();
        services.AddSingleton<HubLifetimeManager<AgentHub>>(s => s.GetRequiredService<ShardLifetimeManager>());
        if (hasRedis)
        {
            services.AddSingleton<BackplaneSecrets>();
            services.AddSingleton<ShardRefusals>();
            services.AddSingleton(s => ActivatorUtilities.CreateInstance<RedisShards>(s, redis!, isServer));
            services.AddHostedService(s => s.GetRequiredService<RedisShards>());
        }

        if (!isServer) return;
        if (builder.Environment.IsDevelopment()) services.AddSingleton<PushFaults>();
        services.AddSingleton<HeadCheckService>();
        services.AddHostedService(s => s.GetRequiredService<HeadCheckService>());
        if (builder.Configuration.GetValue($"{RealtimeOptions.Section}:{nameof(RealtimeOptions.ListenForNotifications)}", false))
            services.AddHostedService(s => ActivatorUtilities.CreateInstance<NotificationListener>(s, (Func<double>)RetentionJob.NextJitter));
    }
}
