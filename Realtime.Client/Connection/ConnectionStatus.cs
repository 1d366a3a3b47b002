namespace Realtime.Client;

/// <summary>What a client is doing, since when and why. Immutable.</summary>
public sealed record ConnectionStatus
{
    /// <summary>What it is doing.</summary>
    public required ConnectionState State { get; init; }

    /// <summary>Why, in a few words for people; never holds a token.</summary>
    public required string Reason { get; init; }

    /// <summary>When this began, by the client's clock.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>While <see cref="ConnectionState.Reconnecting"/>: when the next attempt begins, by the client's clock. For a countdown.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>Attempts that have failed since the connection was last stable.</summary>
    public int FailedAttempts { get; init; }

    /// <summary>The error behind it, if any.</summary>
    public Exception? Error { get; init; }

    /// <summary>What carries the connection, while there is one: <see cref="ClientTransport.WebSockets"/> or <see cref="ClientTransport.ServerSentEvents"/>.</summary>
    public ClientTransport? Transport { get; init; }
}

/// <summary>Arguments of <see cref="AgentEventsClient.StateChanged"/>.</summary>
/// <param name="previous">What the client was doing.</param>
/// <param name="current">What it is doing now.</param>
public sealed class ConnectionStateChangedEventArgs(ConnectionStatus previous, ConnectionStatus current) : EventArgs
{
    /// <summary>What the client was doing.</summary>
    public ConnectionStatus Previous { get; } = previous;

    /// <summary>What it is doing now.</summary>
    public ConnectionStatus Current { get; } = current;
}
