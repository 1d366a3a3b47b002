using Realtime.Contracts;

namespace Realtime.Chaos.Records;

/// <summary>A publisher was told that an event is stored.</summary>
/// <param name="User">Whose stream.</param>
/// <param name="Id">The event's identity.</param>
/// <param name="Hash">Of the data that was sent.</param>
/// <param name="Position">Where it is, as the publisher was told.</param>
/// <param name="SentAtMicros">When the first attempt began.</param>
/// <param name="AcknowledgedAtMicros">When the publisher knew.</param>
/// <param name="CommittedAtMicros">When it was committed, where that was long after its time; else 0.</param>
sealed record Acknowledgement(
    string User, Guid Id, string Hash, StreamPosition Position, long SentAtMicros, long AcknowledgedAtMicros, long CommittedAtMicros = 0);
