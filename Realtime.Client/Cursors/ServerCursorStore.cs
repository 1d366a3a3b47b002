using Realtime.Contracts.Rest;

namespace Realtime.Client;

/// <summary>
/// A cursor that the server keeps, for a client without a disk of its own. Set it as
/// <see cref="AgentEventsClientOptions.CursorStore"/>; the client reads and writes it with its own token. Each device of a
/// user takes a name of its own: two that share one go on where the farther of them was.
/// </summary>
/// <remarks>
/// It is written in the background, at most once a second (less often with a longer
/// <see cref="AgentEventsClientOptions.CursorSaveInterval"/>), and when the client stops; a crash repeats the events of that
/// time. A server that does not answer is asked again: at the start until it does, later with ever longer pauses, while
/// events go on. Moving back, as to <see cref="StartFrom.Beginning"/>, deletes the cursor and writes it anew. When a client starts
/// and its cursor is of a lost epoch, it goes on from the oldest event, because the server keeps no time with a cursor.
/// </remarks>
public sealed class ServerCursorStore : ICursorStore
{
    /// <summary>Names a cursor; nothing is asked of the server yet.</summary>
    /// <param name="consumer">1 to 64 of letters, digits and <c>_ . -</c>, one name per device or program.</param>
    /// <exception cref="ArgumentException">The name is malformed.</exception>
    public ServerCursorStore(string consumer)
    {
        bool isPathStep = consumer is "." or ".."; // would name another URL
        if (!ConsumerCursor.IsValidName(consumer) || isPathStep) throw new ArgumentException("Must be 1 to 64 of letters, digits and _ . -", nameof(consumer));
        Consumer = consumer;
    }

    /// <summary>Name of the cursor among those of the user.</summary>
    public string Consumer { get; }

    /// <inheritdoc/>
    ValueTask<StreamCursor?> ICursorStore.LoadAsync(CancellationToken cancellationToken) => throw NotOnItsOwn();

    /// <inheritdoc/>
    ValueTask ICursorStore.SaveAsync(StreamCursor cursor, CancellationToken cancellationToken) => throw NotOnItsOwn();

    private static InvalidOperationException NotOnItsOwn() =>
        new($"A {nameof(ServerCursorStore)} works only as {nameof(AgentEventsClientOptions)}.{nameof(AgentEventsClientOptions.CursorStore)}.");
}
