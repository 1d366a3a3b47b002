namespace Realtime.Server.EventStore;

/// <summary>The name of the store's history, for operators. Thread-safe.</summary>
internal interface IEpochStore
{
    /// <exception cref="StoreUnavailableException">The database does not answer, or holds no store.</exception>
    Task<string> ReadAsync(CancellationToken cancellationToken);

    /// <summary>One attempt to give the history a new epoch; it waits out running appends, for a fraction of a second.</summary>
    /// <param name="expected">Renew only while this is the epoch, so that of two who renew one does; <see langword="null"/>: whatever it is.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The new epoch; <see langword="null"/> when it is not the expected one, or somebody's open transaction still appends to it: try again.</returns>
    /// <exception cref="StoreUnavailableException">The database does not answer, or holds no store.</exception>
    Task<string?> TryRenewAsync(string? expected, CancellationToken cancellationToken);
}
