namespace Realtime.Contracts.Hub;

/// <summary>What the server calls on a connected client.</summary>
public interface IAgentClient
{
    /// <summary>An event of the user's stream. A hint: it may be missing, late or repeated; the position tells.</summary>
    /// <param name="envelope">The event.</param>
    Task ReceiveEvent(AgentEventEnvelope envelope);

    /// <summary>The head of the stream as read from the store; a client that is behind it fetches what it misses.</summary>
    /// <param name="position">Position of the newest committed event; sequence 0 on an empty stream.</param>
    Task ReceiveHead(StreamPosition position);

    /// <summary>This node is going away: close, and connect again after the given time, without backoff.</summary>
    /// <param name="afterMs">Milliseconds to wait; each client gets its own number.</param>
    Task ReceiveReconnect(int afterMs);
}
