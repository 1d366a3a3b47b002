using Realtime.Contracts.Rest;
using Realtime.Server.EventStore;

namespace Realtime.Server.Publishing;

/// <summary>
/// Publishes events: each is validated, appended to its user's stream and acknowledged at commit; then it is pushed to the
/// user's group, which nobody waits for and which cannot fail a publish. Thread-safe; the same in the server's process and in a worker's.
/// </summary>
public interface IAgentEventPublisher
{
    /// <summary>Publishes one event.</summary>
    /// <param name="request">The event; an absent id is made before the first attempt.</param>
    /// <param name="cancellationToken">Ends the wait; the event may be stored all the same.</param>
    /// <exception cref="InvalidEventException">The event breaks a rule; nothing was stored.</exception>
    /// <exception cref="StoreUnavailableException">No acknowledgement in time; a retry with the same id is safe.</exception>
    Task<PublishReceipt> PublishAsync(PublishRequest request, CancellationToken cancellationToken = default);

    /// <summary>Publishes several events, of one user or of many, all or nothing.</summary>
    /// <param name="requests">1 to 1000 events, in order.</param>
    /// <param name="cancellationToken">Ends the wait; the events may be stored all the same.</param>
    /// <returns>One receipt per event, in order.</returns>
    /// <exception cref="InvalidEventException">An event breaks a rule; nothing was stored.</exception>
    /// <exception cref="StoreUnavailableException">No acknowledgement in time; a retry with the same ids is safe.</exception>
    Task<IReadOnlyList<PublishReceipt>> PublishAsync(IReadOnlyList<PublishRequest> requests, CancellationToken cancellationToken = default);

    /// <summary>Publishes one event of a registered type.</summary>
    /// <typeparam name="T">CLR type of the data.</typeparam>
    /// <param name="userId">Whose stream.</param>
    /// <param name="data">What happened.</param>
    /// <param name="id">Identity for idempotence; made before the first attempt when absent.</param>
    /// <param name="cancellationToken">Ends the wait; the event may be stored all the same.</param>
    /// <exception cref="InvalidEventException">The event breaks a rule; nothing was stored.</exception>
    /// <exception cref="StoreUnavailableException">No acknowledgement in time; a retry with the same id is safe.</exception>
    Task<PublishReceipt> PublishAsync<T>(string userId, T data, Guid? id = null, CancellationToken cancellationToken = default)
        where T : class;
}
