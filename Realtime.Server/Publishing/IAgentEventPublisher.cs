using System.Data.Common;
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

    /// <summary>
    /// Appends one event in the caller's own transaction on PostgreSQL: it is stored when that commits, and never was when that
    /// is rolled back, without a hole. The stream is held until then, so append last and commit soon. After the commit the event
    /// is delivered by the head check (<c>Realtime:HeadCheckInterval</c>), or at once with the setting <c>realtime.notify</c>.
    /// </summary>
    /// <param name="transaction">An open <c>NpgsqlTransaction</c> on the database of the events; of EF Core: <c>GetDbTransaction()</c>.</param>
    /// <param name="request">The event; an id of your own makes it safe to repeat the transaction when the answer to its commit was lost.</param>
    /// <param name="cancellationToken">Ends the wait; as with any statement, the transaction can then only be rolled back.</param>
    /// <remarks>Not for a <c>TransactionScope</c>, which has no such object: call <c>append_agent_event</c> on the enlisted connection.</remarks>
    /// <exception cref="InvalidEventException">The event breaks a rule; the transaction is as it was.</exception>
    /// <exception cref="UnsuitableTransactionException">Another provider's transaction, one that has ended, or an embedded store; the transaction is as it was.</exception>
    /// <exception cref="System.Data.Common.DbException">
    /// What PostgreSQL said, as it is. After a deadlock (40P01), a serialization failure (40001) or a lock timeout (55P03) roll back
    /// and run the whole transaction again.
    /// </exception>
    Task<AppendReceipt> AppendAsync(DbTransaction transaction, PublishRequest request, CancellationToken cancellationToken = default);

    /// <summary>Appends one event of a registered type in the caller's own transaction; see <see cref="AppendAsync(DbTransaction, PublishRequest, CancellationToken)"/>.</summary>
    /// <typeparam name="T">CLR type of the data.</typeparam>
    /// <param name="transaction">An open <c>NpgsqlTransaction</c> on the database of the events.</param>
    /// <param name="userId">Whose stream.</param>
    /// <param name="data">What happened.</param>
    /// <param name="id">Identity for idempotence; made when absent.</param>
    /// <param name="cancellationToken">Ends the wait; the transaction can then only be rolled back.</param>
    /// <exception cref="InvalidEventException">The event breaks a rule; the transaction is as it was.</exception>
    /// <exception cref="UnsuitableTransactionException">Another provider's transaction, one that has ended, or an embedded store; the transaction is as it was.</exception>
    /// <exception cref="System.Data.Common.DbException">What PostgreSQL said, as it is.</exception>
    Task<AppendReceipt> AppendAsync<T>(DbTransaction transaction, string userId, T data, Guid? id = null, CancellationToken cancellationToken = default)
        where T : class;
}
