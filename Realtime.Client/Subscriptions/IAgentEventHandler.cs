using Realtime.Contracts;

namespace Realtime.Client;

/// <summary>Handles events of one type; made anew for each event, in a scope of its own.</summary>
/// <typeparam name="T">CLR type of the data.</typeparam>
public interface IAgentEventHandler<T>
    where T : class
{
    /// <summary>Handles one event. The cursor passes the event when this has completed.</summary>
    /// <param name="agentEvent">The event.</param>
    /// <param name="cancellationToken">Cancelled when the client has stopped and a grace of 2 s has passed.</param>
    Task HandleAsync(AgentEvent<T> agentEvent, CancellationToken cancellationToken);
}
