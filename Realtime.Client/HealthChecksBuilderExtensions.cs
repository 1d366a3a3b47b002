using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Realtime.Client.Hosting;

namespace Realtime.Client;

/// <summary>Registers the client's health check.</summary>
public static class HealthChecksBuilderExtensions
{
    /// <summary>
    /// Reports a registered client. Connected: healthy. Not connected: degraded, for events are late and not lost, and it tries again by itself.
    /// Ended: the failure status, with the error that ended it. The data holds state, reason, since, position, failed attempts and next attempt.
    /// </summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="clientName">Name of the client; <see langword="null"/> for the client without one.</param>
    /// <param name="name">Name of the check; by default <c>agent_events</c>, followed by a colon and the client's name if it has one.</param>
    /// <param name="failureStatus">What an ended client is; by default <see cref="HealthStatus.Unhealthy"/>.</param>
    /// <param name="tags">Tags of the check.</param>
    /// <returns>The health checks.</returns>
    public static IHealthChecksBuilder AddAgentEventsClient(
        this IHealthChecksBuilder builder, string? clientName = null, string? name = null, HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        if (builder is null) throw new ArgumentNullException(nameof(builder));
        bool hasName = !string.IsNullOrEmpty(clientName);
        return builder.Add(new HealthCheckRegistration(
            name ?? (hasName ? $"agent_events:{clientName}" : "agent_events"),
            services => new ClientHealthCheck(hasName ? services.GetRequiredKeyedService<AgentEventsClient>(clientName) : services.GetRequiredService<AgentEventsClient>()),
            failureStatus,
            tags));
    }
}
