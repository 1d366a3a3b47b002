using Realtime.Contracts;

namespace Realtime.Server.EventStore;

/// <summary>The arguments of <see cref="IEventStore.ReadAfterAsync"/>. Equal questions that wait together get one answer.</summary>
/// <param name="UserId">Whose stream.</param>
/// <param name="After">Exclusive start.</param>
/// <param name="Time">Time of the event there, when known.</param>
/// <param name="Limit">1 to 1000 events.</param>
internal readonly record struct StreamQuestion(string UserId, StreamPosition After, DateTimeOffset? Time, int Limit);
