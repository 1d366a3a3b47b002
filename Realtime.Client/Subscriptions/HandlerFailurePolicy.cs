using Realtime.Contracts;

namespace Realtime.Client;

/// <summary>What happens to an event whose handler throws. Between attempts the client waits 1, 2, 4 … 30 s with jitter; later events wait too.</summary>
public sealed record HandlerFailurePolicy
{
    /// <summary>Attempts per event, at least 1.</summary>
    /// <value>5.</value>
    public int MaxAttempts { get; init; } = 5;

    /// <summary>What follows the last failed attempt.</summary>
    /// <value><see cref="HandlerFailureAction.Stop"/>: the only choice that cannot pass an event.</value>
    public HandlerFailureAction Then { get; init; } = HandlerFailureAction.Stop;
}

/// <summary>What follows the last failed attempt to handle an event.</summary>
public enum HandlerFailureAction
{
    /// <summary>The client stops with a <see cref="HandlerFailedException"/>; the cursor stays before the event.</summary>
    Stop,

    /// <summary>The event is reported through <see cref="AgentEventsClient.EventParked"/>, then the cursor passes it.</summary>
    Park,
}

/// <summary>Arguments of <see cref="AgentEventsClient.EventParked"/>: an event that the application could not handle and that the cursor now passes.</summary>
/// <param name="agentEvent">The event.</param>
/// <param name="error">What the handler threw last; <see langword="null"/> when the data of a registered type could not be read.</param>
public sealed class EventParkedEventArgs(AgentEvent agentEvent, Exception? error) : EventArgs
{
    /// <summary>The event. <see cref="AgentEvent.ReadFault"/> says why its data could not be read, if that was it.</summary>
    public AgentEvent Event { get; } = agentEvent;

    /// <summary>What the handler threw last; <see langword="null"/> when the data of a registered type could not be read.</summary>
    public Exception? Error { get; } = error;
}
