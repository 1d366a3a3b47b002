using Realtime.Contracts;

namespace Realtime.Client.Subscriptions;

/// <summary>The application's end of the stream: handlers, or an enumeration.</summary>
internal interface IEventSink
{
    /// <summary>Hands over one event and completes when the application has finished with it.</summary>
    /// <param name="agentEvent">The event.</param>
    /// <param name="lifetime">Ends the waiting when the client stops.</param>
    /// <exception cref="HandlerFailedException">The application cannot handle it and wants to stop.</exception>
    Task HandAsync(AgentEvent agentEvent, ClientLifetime lifetime);
}

/// <summary>The two steps in which a client ends.</summary>
/// <param name="Stopping">No new work begins.</param>
/// <param name="Abandoning">Work that has begun is given up; some time after <paramref name="Stopping"/>.</param>
internal readonly record struct ClientLifetime(CancellationToken Stopping, CancellationToken Abandoning);
