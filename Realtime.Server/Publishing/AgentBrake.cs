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
        if (reason?.Contains('\0') == true) throw new InvalidEventException("reason", "must not hold the character U+0000");
        if (!UserId.IsValid(userId)) throw new InvalidEventException("userId", $"must be {UserId.Rule}");

        var data = new AgentBrakeChanged { Engaged = engaged, Reason = reason, ChangedBy = changedBy };
        var changed = new NewEvent(
            userId, AgentBrakeChanged.TypeName, Guid.CreateVersion7(time.GetUtcNow()), EventData.From(data, RealtimeJsonContext.Default.AgentBrakeChanged));
        var work = SetAndPushAsync(changed, engaged, reason, changedBy);
        try
        {
            return await work.WaitAsync(options.Value.PublishTimeout, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new StoreUnavailableException($"The store did not acknowledge within {options.Value.PublishTimeout}.");
        }
        finally
        {
            _ = work.ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }
    }

    /// <summary>Goes on when the caller has gone: what is committed is pushed.</summary>
    private async Task<BrakeState> SetAndPushAsync(NewEvent changed, bool engaged, string? reason, string changedBy)
    {
        var outcome = await store.SetAsync(changed, engaged, reason, changedBy, options.Value.PublishTimeout, CancellationToken.None);
        if (outcome.Appended is { } appended) committed.Push(changed, appended);
        return outcome.State;
    }
}
