using Microsoft.AspNetCore.SignalR;

namespace Realtime.Server.Hubs;

/// <summary>Makes hubs: their constructor is not public, so that what they delegate to need not be either.</summary>
internal sealed class AgentHubActivator(HubConnections connections, HubCalls calls) : IHubActivator<AgentHub>
{
    public AgentHub Create() => new(connections, calls);

    public void Release(AgentHub hub) => hub.Dispose();
}
