using Realtime.Contracts;

namespace Realtime.Server.Publishing;

/// <summary>
/// What an event gets that was appended in the caller's transaction. It becomes true with the caller's commit and never
/// was after a rollback: the position is then given to another event.
/// </summary>
/// <param name="Id">Identity of the event.</param>
/// <param name="Position">Where it stands in the stream; of an id that was stored before, where that event stands.</param>
/// <param name="Time">The store's clock at append.</param>
public sealed record AppendReceipt(Guid Id, StreamPosition Position, DateTimeOffset Time);
