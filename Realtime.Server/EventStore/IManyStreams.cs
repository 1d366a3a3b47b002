namespace Realtime.Server.EventStore;

/// <summary>A store that answers many readers in one round trip.</summary>
internal interface IManyStreams
{
    /// <summary>Reads what came after a position in several streams, in one snapshot.</summary>
    /// <param name="questions">What to read; no two are equal.</param>
    /// <param name="maxBytes">Greatest sum of data bytes of one answer.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>
    /// One answer per question, in order; <see langword="null"/> where it is larger than <paramref name="maxBytes"/>: that one is
    /// read alone, so that it does not keep the others waiting.
    /// </returns>
    /// <exception cref="StoreUnavailableException">The database does not answer.</exception>
    Task<StreamRead?[]> ReadManyAfterAsync(IReadOnlyList<StreamQuestion> questions, int maxBytes, CancellationToken cancellationToken);
}
