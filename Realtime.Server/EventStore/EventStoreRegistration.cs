using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Realtime.Server.Revocations;

namespace Realtime.Server.EventStore;

/// <summary>Registers the event store that the configuration asks for.</summary>
internal static class EventStoreRegistration
{
    /// <summary>
    /// PostgreSQL when <c>ConnectionStrings:Postgres</c> is set; else the embedded store at <see cref="SqlitePath"/>.
    /// </summary>
    internal static IServiceCollection AddEventStore(this IServiceCollection services, IConfiguration configuration)
    {
        if (configuration.GetConnectionString("Postgres") is { Length: > 0 } connectionString)
        {
            services.TryAddSingleton(provider => new PostgresDatabase(
                connectionString,
                isFailoverLossless: provider.GetRequiredService<IOptions<RealtimeOptions>>().Value.LosslessFailover,
                logger: provider.GetRequiredService<ILogger<PostgresDatabase>>()));
            services.TryAddSingleton<IEventStore, PostgresEventStore>();
            services.TryAddSingleton<IChangedStreams, PostgresChanges>();
            services.TryAddSingleton<IBrakeStore, PostgresBrakeStore>();
            services.TryAddSingleton<IConsumerCursorStore, PostgresCursorStore>();
            services.TryAddSingleton<IEpochStore, PostgresEpochStore>();
            services.TryAddSingleton<IRevocationStore, PostgresRevocationStore>();
            return services;
        }

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => new SqliteDatabase(
            SqlitePath.Of(configuration, provider.GetRequiredService<IHostEnvironment>()), provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<IEventStore, SqliteEventStore>();
        services.TryAddSingleton<IBrakeStore, SqliteBrakeStore>();
        services.TryAddSingleton<IConsumerCursorStore, SqliteCursorStore>();
        services.TryAddSingleton<IEpochStore, SqliteEpochStore>();
        services.TryAddSingleton<IRevocationStore, SqliteRevocationStore>();
        return services;
    }
}
