using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;

namespace FromPackage;

/// <summary>What was received, in order.</summary>
internal sealed class Inbox
{
    public List<string> Titles { get; } = [];
}

/// <summary>Handlers run one after the other, so a list will do.</summary>
internal sealed class BriefingHandler(Inbox inbox) : IAgentEventHandler<BriefingDelivered>
{
    public Task HandleAsync(AgentEvent<BriefingDelivered> agentEvent, CancellationToken cancellationToken)
    {
        inbox.Titles.Add(agentEvent.Data.Title);
        return Task.CompletedTask;
    }
}
