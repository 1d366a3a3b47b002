using Realtime.Contracts;

namespace Realtime.Chaos.Records;

/// <summary>An event as the database holds it, or held it before it was trimmed.</summary>
sealed record StoredEvent(string User, StreamPosition Position, Guid Id, string Hash, long TimeMicros, bool IsTrimmed);
