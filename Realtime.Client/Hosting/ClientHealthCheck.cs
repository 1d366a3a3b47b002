using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Realtime.Client.Hosting;

/// <summary>What a client's state means to whoever watches the process.</summary>
internal sealed class ClientHealthCheck(AgentEventsClient client) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var now = client.Status;
        var health = now.State switch
        {
            ConnectionState.CatchingUp or ConnectionState.Live => HealthStatus.Healthy,
            ConnectionState.Stopped => context.Registration.FailureStatus,
            _ => HealthStatus.Degraded,
        };
        return Task.FromResult(new HealthCheckResult(health, $"{now.State}: {now.Reason}", now.Error, DataOf(now)));
    }

    private Dictionary<string, object> DataOf(ConnectionStatus now)
    {
        var data = new Dictionary<string, object>(StringComparer.Ordinal) { ["state"] = now.State.ToString(), ["since"] = now.Since, ["failedAttempts"] = now.FailedAttempts };
        if (client.Position is { } position) data["position"] = position.ToString();
        if (now.NextAttemptAt is { } next) data["nextAttemptAt"] = next;
        return data;
    }
}
