using Realtime.Contracts;
using Realtime.Contracts.Rest;

namespace Realtime.Server.EventStore;

/// <summary>Cursors kept for consumers that have no disk of their own, such as browsers. Thread-safe.</summary>
public interface IConsumerCursorStore
{
    /// <summary>Most cursors one user may have.</summary>
    public const int MaxPerUser = 100;

    /// <summary>Reads all cursors of a user, by name.</summary>
    /// <param name="userId">Whose cursors.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<IReadOnlyList<ConsumerCursor>> ReadAsync(string userId, CancellationToken cancellationToken);

    /// <summary>Moves a cursor forward; an older position of the same epoch changes nothing.</summary>
    /// <param name="userId">Whose cursor.</param>
    /// <param name="consumer">A valid consumer name.</param>
    /// <param name="position">What has been processed.</param>
    /// <param name="cancellationToken">Ends the wait for the answer.</param>
    Task<CursorOutcome> MoveAsync(string userId, string consumer, StreamPosition position, CancellationToken cancellationToken);

    /// <summary>Forgets a cursor.</summary>
    /// <param name="userId">Whose cursor.</param>
    /// <param name="consumer">The consumer's name.</param>
    /// <param name="cancellationToken">Ends the wait for the answer.</param>
    /// <returns>Whether there was one.</returns>
    Task<bool> DeleteAsync(string userId, string consumer, CancellationToken cancellationToken);
}

/// <summary>What moving a cursor gave.</summary>
public abstract record CursorOutcome
{
    private CursorOutcome()
    {
    }

    /// <summary>The cursor as it now stands.</summary>
    /// <param name="Cursor">The cursor.</param>
    public sealed record Stored(ConsumerCursor Cursor) : CursorOutcome;

    /// <summary>The position is ahead of the head or of another epoch; nothing was stored.</summary>
    /// <param name="Why">Why, and where the stream is.</param>
    public sealed record Lost(StreamHistoryLost Why) : CursorOutcome;

    /// <summary>The user has <see cref="IConsumerCursorStore.MaxPerUser"/> cursors already; nothing was stored.</summary>
    public sealed record TooMany : CursorOutcome;
}
