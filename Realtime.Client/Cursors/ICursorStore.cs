namespace Realtime.Client;

/// <summary>
/// Keeps the cursor of one client. The client calls it from one task at a time; after <see cref="SaveAsync"/> has completed
/// the cursor must survive whatever the store promises to survive.
/// </summary>
public interface ICursorStore
{
    /// <summary>The cursor saved last, or <see langword="null"/> when there is none.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="CursorUnreadableException">There is one but it cannot be read.</exception>
    ValueTask<StreamCursor?> LoadAsync(CancellationToken cancellationToken);

    /// <summary>Replaces the cursor, as a whole or not at all.</summary>
    /// <param name="cursor">The new cursor.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask SaveAsync(StreamCursor cursor, CancellationToken cancellationToken);
}
