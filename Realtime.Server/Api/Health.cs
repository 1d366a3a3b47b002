using Microsoft.Extensions.Diagnostics.HealthChecks;
using Realtime.Server.Auth;
using Realtime.Server.EventStore;
using Realtime.Server.FanOut;
using Realtime.Server.Revocations;

namespace Realtime.Server.Api;

/// <summary>What ready depends on. A lost Redis is degraded, not unready: events are stored and fetched without it.</summary>
internal static class Health
{
    /// <summary>Tag of the checks behind <c>/health/ready</c>.</summary>
    internal const string ReadyTag = "realtime-ready";

    internal static void Register(IServiceCollection services) => services.AddHealthChecks()
        .AddCheck<StoreCheck>("store", tags: [ReadyTag])
        .AddCheck<RevocationCheck>("revocations", tags: [ReadyTag])
        .AddCheck<AuthorityCheck>("authority", tags: [ReadyTag])
        .AddCheck<BackplaneCheck>("backplane", tags: [ReadyTag]);

    internal static Task WriteAsync(HttpContext context, HealthReport report) => context.Response.WriteAsJsonAsync(new
    {
        status = Word(report.Status),
        checks = report.Entries.ToDictionary(e => e.Key, e => new { status = Word(e.Value.Status), description = e.Value.Description }),
    });

    private static string Word(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => "healthy",
        HealthStatus.Degraded => "degraded",
        _ => "unhealthy",
    };

    private sealed class StoreCheck(IEventStore store, IServiceProvider services) : IHealthCheck
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            try
            {
                await store.ReadHeadsAsync(["health"], cancellationToken).WaitAsync(Patience, cancellationToken);
                return services.GetService<PostgresDatabase>()?.Weakness is { } weakness ? HealthCheckResult.Degraded(weakness) : HealthCheckResult.Healthy();
            }
            catch (Exception fault) when (fault is StoreUnavailableException or TimeoutException)
            {
                return HealthCheckResult.Unhealthy("The event store does not answer.");
            }
        }
    }

    private sealed class RevocationCheck(RevocationList list) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(list.IsLoaded ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("What is revoked could not be read yet, so no token is accepted."));
    }

    private sealed class AuthorityCheck(AuthorityWarmUp authority) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(authority.IsReady ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("The token authority's keys could not be fetched yet."));
    }

    private sealed class BackplaneCheck(IServiceProvider services) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(services.GetService<RedisBackplane>() is { IsConnected: false } || services.GetService<RedisShards>() is { IsAway: true }
                ? HealthCheckResult.Degraded("Redis does not answer: pushes reach only this node's own clients, if any; events are stored and fetched.")
                : HealthCheckResult.Healthy());
    }
}
