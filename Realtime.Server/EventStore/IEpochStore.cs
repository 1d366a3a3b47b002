namespace Realtime.Server.EventStore;

/// <summary>The name of the store's history, for operators. Thread-safe.</summary>
internal interface IEpochStore
{
    /// <exception cref="StoreUnavailableException">The database does not answer, or holds no store.</exception>
    Task<string> ReadAsync(CancellationToken cancellationToken);

    /// <summary>One attempt to give the history a new epoch; it waits out running appends, for a fraction of a second.</summary>
    /// <returns>The new epoch; <see langword="null"/> when somebody's open transaction still appends to the old one: try again.</returns>
    /// <exception cref="StoreUnavailableException">The database does not answer, or holds no store.</exception>
    Task<string?> TryRenewAsync(CancellationToken cancellationToken);
}
