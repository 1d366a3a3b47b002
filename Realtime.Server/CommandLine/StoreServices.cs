using Realtime.Server.EventStore;

namespace Realtime.Server.CommandLine;

/// <summary>The configured store without a server around it.</summary>
internal static class StoreServices
{
    internal static ServiceProvider Build(CommandContext context)
    {
        var services = context.Builder.Services;
        services.Configure<RealtimeOptions>(context.Configuration.GetSection(RealtimeOptions.Section));
        services.AddEventStore(context.Configuration);
        return services.BuildServiceProvider();
    }
}
