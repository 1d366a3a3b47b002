using Realtime.Contracts;

namespace Realtime.Client;

/// <summary>
/// What <see cref="AgentEventsClientBuilder.AddHandler{THandler}"/> takes. Implement <see cref="IAgentEventHandler{T}"/>, for several types of data
/// if you like, or <see cref="IAnyAgentEventHandler"/>.
/// </summary>
public interface IAgentEventHandler;

/// <summary>Handles events of one type; made anew for each event, in a scope of its own.</summary>
/// <typeparam name="T">CLR type of the data, registered in <see cref="AgentEventsClientOptions.EventTypes"/>.</typeparam>
public interface IAgentEventHandler<T> : IAgentEventHandler
    where T : class
{
    /// <summary>Handles one event; never called again before it has completed. The cursor passes the event when this has completed.</summary>
    /// <param name="agentEvent">The event.</param>
    /// <param name="cancellationToken">Cancelled when the client has stopped and a grace of 2 s has passed.</param>
    Task HandleAsync(AgentEvent<T> agentEvent, CancellationToken cancellationToken);
}

/// <summary>Handles every event, also of types that are unknown here; made anew for each event, in a scope of its own.</summary>
public interface IAnyAgentEventHandler : IAgentEventHandler
{
    /// <summary>Handles one event; never called again before it has completed. The cursor passes the event when this has completed.</summary>
    /// <param name="agentEvent">The event; an <see cref="AgentEvent{T}"/> when its type is registered and its data could be read.</param>
    /// <param name="cancellationToken">Cancelled when the client has stopped and a grace of 2 s has passed.</param>
    Task HandleAsync(AgentEvent agentEvent, CancellationToken cancellationToken);
}
