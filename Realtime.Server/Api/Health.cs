using Microsoft.Extensions.Diagnostics.HealthChecks;
using Realtime.Server.Auth;
using Realtime.Server.Draining;
using Realtime.Server.EventStore;
using Realtime.Server.FanOut;
using Realtime.Server.Revocations;

namespace Realtime.Server.Api;

/// <summary>What ready depends on. A lost Redis is degraded, not unready: events are stored and fetched without it.</summary>
internal static class Health
{
    /// <summary>Tag of the checks behind <c>/health/ready</c>.</summary>
    internal const string ReadyTag = "realtime-ready";

    /// <summary>Tag of the only check behind <c>/health/ready</c> once the node is going away.</summary>
    internal const string DrainTag = "realtime-draining";

    internal static void Register(IServiceCollection services) => services.AddHealthChecks()
        .AddCheck<StoreCheck>("store", tags: [ReadyTag])
        .AddCheck<RevocationCheck>("revocations", tags: [ReadyTag])
        .AddCheck<AuthorityCheck>("authority", tags: [ReadyTag])
        .AddCheck<BackplaneCheck>("backplane", tags: [ReadyTag])
        .AddCheck<DrainCheck>("draining", tags: [DrainTag]);

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

    private sealed class AuthorityCheck(AuthorityRefresh authority, AuthorityKeys keys, TimeProvider time) : IHealthCheck
    {
        /// <summary>Two regular fetches have failed.</summary>
        private static readonly TimeSpan Old = 3 * AuthorityRefresh.Regular;

        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
            !authority.IsReady ? HealthCheckResult.Unhealthy($"The keys of the token authority {keys.Address} could not be fetched.")
            : keys.FetchedAt is { } at && time.GetUtcNow() - at > Old ? HealthCheckResult.Degraded($"The token authority {keys.Address} does not answer; its keys of {at:O} are used.")
            : HealthCheckResult.Healthy());
    }

    private sealed class BackplaneCheck(IServiceProvider services) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(services.GetService<RedisBackplane>() is { IsConnected: false } || services.GetService<RedisShards>() is { IsAway: true }
                ? HealthCheckResult.Degraded("Redis does not answer: pushes reach only this node's own clients, if any; events are stored and fetched.")
                : services.GetService<ShardRefusals>() is { AreRecent: true }
                    ? HealthCheckResult.Degraded("Redis brings messages that are not signed with this node's key: of a node with another key or release, or forged. They are dropped; events are delivered by the head check.")
                    : HealthCheckResult.Healthy());
    }

    private sealed class DrainCheck(Drain drain) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(drain.HasBegun ? HealthCheckResult.Unhealthy("This node is going away.") : HealthCheckResult.Healthy());
    }
}
