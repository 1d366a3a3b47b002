using Microsoft.Extensions.DependencyInjection;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Server.EventStore;
using Realtime.Server.Publishing;

namespace AgentWorker;

/// <summary>How the worker reaches Realtime: in the same store and hub context, or over HTTP.</summary>
internal abstract class WorkerLink : IAsyncDisposable
{
    public abstract string Description { get; }

    public abstract Task<StreamPosition> PublishAsync(AgentStepCompleted step, CancellationToken cancellationToken);

    /// <summary>A brake that cannot be read counts as pulled.</summary>
    public abstract Task<bool> IsBrakeEngagedAsync(CancellationToken cancellationToken);

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Ten lines are all a worker needs: one publisher, one brake.</summary>
internal sealed class HubContextLink(IAgentEventPublisher publisher, IAgentBrake brake, string user) : WorkerLink
{
    public override string Description => "through the hub context";

    public static HubContextLink Of(IServiceProvider services, string user) =>
        new(services.GetRequiredService<IAgentEventPublisher>(), services.GetRequiredService<IAgentBrake>(), user);

    public override async Task<StreamPosition> PublishAsync(AgentStepCompleted step, CancellationToken cancellationToken) =>
        (await publisher.PublishAsync(user, step, cancellationToken: cancellationToken)).Position;

    public override async Task<bool> IsBrakeEngagedAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await brake.ReadAsync(user, cancellationToken)).Engaged;
        }
        catch (StoreUnavailableException)
        {
            return true;
        }
    }
}
