using Microsoft.Extensions.Options;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;
using Realtime.Server.EventStore;

namespace Realtime.Server.Publishing;

/// <summary>State in the store, change pushed like any other event.</summary>
internal sealed class AgentBrake(IBrakeStore store, CommittedEvents committed, IOptions<RealtimeOptions> options, TimeProvider time) : IAgentBrake
{
    public Task<BrakeState> ReadAsync(string userId, CancellationToken cancellationToken = default) => store.ReadAsync(userId, cancellationToken);

    public async Task<BrakeState> SetAsync(string userId, bool engaged, string? reason, string changedBy, CancellationToken cancellationToken = default)
    {
        if (!UserId.IsValid(userId)) throw new InvalidEventException("userId", $"must be {UserId.Rule}");

        var data = new AgentBrakeChanged { Engaged = engaged, Reason = reason, ChangedBy = changedBy };
        var changed = new NewEvent(
            userId, AgentBrakeChanged.TypeName, Guid.CreateVersion7(time.GetUtcNow()), EventData.From(data, RealtimeJsonContext.Default.AgentBrakeChanged));
        var outcome = await store.SetAsync(changed, engaged, reason, changedBy, options.Value.PublishTimeout, cancellationToken);
        if (outcome.Appended is { } appended) committed.Push(changed, appended);
        return outcome.State;
    }
}
