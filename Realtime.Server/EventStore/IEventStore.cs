using Realtime.Contracts;

namespace Realtime.Server.EventStore;

/// <summary>
/// The streams of all users: append and read. Within a stream sequences are gapless from 1 and times strictly increase,
/// both given inside the append transaction, so a reader never sees 7 before 6. Thread-safe.
/// Every method throws <see cref="StoreUnavailableException"/> when the database does not answer.
/// </summary>
public interface IEventStore
{
    /// <summary>How many calls of <see cref="AppendAsync"/>, for different users, the store gets on with at the same time.</summary>
    /// <value>Default 1; at least 1.</value>
    int ConcurrentAppends => 1;

    /// <summary>Creates or upgrades the schema and reads the epoch. Safe on several nodes at once; call again until it succeeds.</summary>
    /// <param name="cancellationToken">Ends the attempt.</param>
    Task InitializeAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Appends units in one transaction, each unit all or nothing. A unit that the database refuses fails alone.
    /// No two events of one call share user and id. When the call throws, each unit is either stored or not:
    /// appending it again with the same ids is safe.
    /// </summary>
    /// <param name="units">What to append, in order.</param>
    /// <param name="lockWait">
    /// <see langword="null"/>: never wait; a unit with a stream that somebody's open transaction holds is skipped.
    /// Otherwise wait that long for such streams, then skip.
    /// </param>
    /// <param name="cancellationToken">Ends the wait for the answer, not necessarily the append.</param>
    /// <returns>One outcome per unit, in order.</returns>
    Task<IReadOnlyList<AppendOutcome>> AppendAsync(IReadOnlyList<AppendUnit> units, TimeSpan? lockWait, CancellationToken cancellationToken);

    /// <summary>Reads what came after a position, oldest first, with head and oldest from the same snapshot.</summary>
    /// <param name="userId">Whose stream.</param>
    /// <param name="after">Exclusive start.</param>
    /// <param name="time">Time of the event at <paramref name="after"/>, when known: another stored time means that history forked.</param>
    /// <param name="limit">1 to 1000 events; a page also ends at 1 MiB of data, but holds at least one event.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<StreamRead> ReadAfterAsync(string userId, StreamPosition after, DateTimeOffset? time, int limit, CancellationToken cancellationToken);

    /// <summary>Reads what came after a time, or everything retained, oldest first, with head and oldest from the same snapshot.</summary>
    /// <param name="userId">Whose stream.</param>
    /// <param name="since">Exclusive start; <see langword="null"/>: from the oldest retained event.</param>
    /// <param name="limit">1 to 1000 events; a page also ends at 1 MiB of data, but holds at least one event.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<StreamPage> ReadSinceAsync(string userId, DateTimeOffset? since, int limit, CancellationToken cancellationToken);

    /// <summary>Reads backwards, newest first, for a feed.</summary>
    /// <param name="userId">Whose stream.</param>
    /// <param name="before">Exclusive start; <see langword="null"/>: from the head.</param>
    /// <param name="limit">1 to 1000 events; a page also ends at 1 MiB of data, but holds at least one event.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>The page, or why the position cannot be continued (<see cref="HistoryLostReason.EpochChanged"/> only).</returns>
    Task<StreamRead> ReadBeforeAsync(string userId, StreamPosition? before, int limit, CancellationToken cancellationToken);

    /// <summary>Reads the heads of several streams in one round trip.</summary>
    /// <param name="userIds">Whose streams.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>One head per given user; sequence 0 for a stream without events.</returns>
    Task<IReadOnlyDictionary<string, StreamPosition>> ReadHeadsAsync(IReadOnlyCollection<string> userIds, CancellationToken cancellationToken);

    /// <summary>Reads the store's clock, the one that gives events their times.</summary>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<DateTimeOffset> ReadClockAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Finds streams that may have something to trim, those with the oldest events first. Its cost follows what it finds, not what is stored.
    /// A stream may be found without an event that old; trimming it as told deletes nothing, and it is not found again.
    /// </summary>
    /// <param name="before">Events older than this have expired; an event of exactly this time has not.</param>
    /// <param name="maxUsers">Most streams to return, at least 1.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>Whose streams, and the greatest expired sequence of each.</returns>
    Task<IReadOnlyList<(string UserId, long UpTo)>> FindExpiredAsync(DateTimeOffset before, int maxUsers, CancellationToken cancellationToken);

    /// <summary>
    /// One step of dropping events from the old end of one stream: raises <c>oldest</c> and commits, then deletes. The head stays, so
    /// sequences never restart. Call again until fewer than <paramref name="maxEvents"/> were deleted; a trim that was interrupted
    /// goes on where it was. Safe on several nodes at once.
    /// </summary>
    /// <param name="userId">Whose stream.</param>
    /// <param name="upTo">Greatest sequence to drop; beyond the head it means the head.</param>
    /// <param name="maxEvents">Most events to delete in this step, at least 1.</param>
    /// <param name="cancellationToken">Ends the step.</param>
    /// <returns>How many were deleted; <see langword="null"/> when somebody's open transaction holds the stream.</returns>
    Task<int?> TrimAsync(string userId, long upTo, int maxEvents, CancellationToken cancellationToken);
}
