using Realtime.Contracts;

namespace Realtime.Client.Testing.Stream;

/// <summary>Why a stream cannot be continued from a position.</summary>
internal sealed record Loss(HistoryLostReason Reason, StreamPosition Head, StreamPosition Oldest);
