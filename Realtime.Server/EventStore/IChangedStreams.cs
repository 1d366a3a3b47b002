namespace Realtime.Server.EventStore;

/// <summary>Tells which streams have changed since the last look, at a cost that follows the changes and not the streams.</summary>
internal interface IChangedStreams
{
    /// <summary>
    /// Names every stream whose head has moved by a commit that no earlier look could see, in whatever order transactions commit.
    /// One call at a time. After a fault the next look says that anything may have changed.
    /// </summary>
    /// <param name="cancellationToken">Ends the look, and with it the use of this object.</param>
    /// <exception cref="StoreUnavailableException">The database does not answer.</exception>
    Task<ChangedStreams> LookAsync(CancellationToken cancellationToken);
}
