using Realtime.Contracts;
using Realtime.Server.EventStore;
using Realtime.Server.FanOut;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Publishing;

/// <summary>What follows an answer of the store: committed events go to the fan-out, in order, then the publisher is told.</summary>
internal sealed class CommittedEvents(EventBroadcaster broadcaster, ServerMetrics metrics, ILogger<CommittedEvents> logger)
{
    /// <summary>
    /// Settles a unit. A duplicate is pushed again only when it may be the unit's own earlier, unanswered attempt. Never throws:
    /// the units behind this one wait for the same loop.
    /// </summary>
    public void Settle(PendingUnit pending, AppendOutcome outcome)
    {
        try
        {
            SettleUnit(pending, outcome);
        }
        catch (Exception fault)
        {
            ServerLog.SettleBroken(logger, fault);
            pending.Fail(new StoreUnavailableException("The append was made; what follows it failed.", fault));
        }
    }

    /// <summary>Hands one committed event to the fan-out.</summary>
    public void Push(NewEvent published, AppendedEvent stored) => broadcaster.Enqueue(published.UserId, new AgentEventEnvelope
    {
        Type = published.Type,
        Id = published.Id,
        Position = stored.Position,
        Time = stored.Time,
        Data = published.Data,
        Traceparent = published.Traceparent,
    });

    /// <summary>Has units that are settled one after the other reach the other nodes together, until the answer is disposed of.</summary>
    public IDisposable? Hold() => broadcaster.Hold();

    private void SettleUnit(PendingUnit pending, AppendOutcome outcome)
    {
        if (outcome is AppendOutcome.Refused refused)
        {
            pending.Fail(new InvalidEventException("data", $"is refused by the database: {refused.Problem}"));
            return;
        }

        var stored = ((AppendOutcome.Committed)outcome).Events;
        int duplicates = 0;
        for (int i = 0; i < stored.Count; i++)
        {
            if (stored[i].IsDuplicate) duplicates++;
            if (!stored[i].IsDuplicate || pending.MayBeStored) Push(pending.Unit.Events[i], stored[i]);
        }

        pending.Complete(stored);
        metrics.Appended(stored.Count - duplicates, duplicates);
    }
}
