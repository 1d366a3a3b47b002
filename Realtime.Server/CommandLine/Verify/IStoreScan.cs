namespace Realtime.Server.CommandLine.Verify;

/// <summary>
/// Reads a store page by page, each page in a short read of its own, so that servers which use it meanwhile are not held up and nothing
/// grows with the store. Writes nothing, upgrades nothing, renews nothing. One caller.
/// </summary>
internal interface IStoreScan : IAsyncDisposable
{
    /// <summary>Which store, for the report; no secret.</summary>
    string Description { get; }

    /// <summary>The epoch, or what is wrong with it.</summary>
    Task<(string? Epoch, string? Fault)> ReadEpochAsync(CancellationToken cancellationToken);

    /// <summary>What is missing of what keeps sequences and ids unique, in words.</summary>
    Task<IReadOnlyList<string>> FindMissingIndexesAsync(CancellationToken cancellationToken);

    /// <summary>How many streams there are, for the progress.</summary>
    Task<long> CountStreamsAsync(CancellationToken cancellationToken);

    /// <summary>The next streams in the order of their users' bytes.</summary>
    Task<IReadOnlyList<StreamRow>> ReadStreamsAsync(string afterUser, int limit, CancellationToken cancellationToken);

    /// <summary>One stream as it is now.</summary>
    Task<StreamRow?> ReadStreamAsync(string user, CancellationToken cancellationToken);

    /// <summary>Users who have events and no stream, among the next users who have events.</summary>
    /// <returns>The last user looked at (<see langword="null"/>: there are no more), and those without a stream.</returns>
    Task<(string? LastUser, IReadOnlyList<string> Orphans)> FindOrphansAsync(string afterUser, int limit, CancellationToken cancellationToken);

    /// <summary>The next events of a stream, in the order of their sequences; one after the other, never all at once in memory.</summary>
    /// <returns>How many there were.</returns>
    Task<int> ReadEventsAsync(string user, long after, long upTo, int limit, Action<ScannedEvent> each, CancellationToken cancellationToken);

    /// <summary>
    /// Ids that come twice in a stream, where their index is missing; with it every event's id is looked up while the events are read.
    /// </summary>
    Task<IReadOnlyList<(string Id, long First, long Last)>> FindRepeatedIdsAsync(string user, CancellationToken cancellationToken);

    /// <summary>Whether this is the database saying that it cannot read what it stores, rather than that it does not answer.</summary>
    bool IsDamage(Exception fault);
}
