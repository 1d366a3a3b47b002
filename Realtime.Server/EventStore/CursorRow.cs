using Realtime.Contracts;
using Realtime.Contracts.Rest;

namespace Realtime.Server.EventStore;

/// <summary>A stored cursor as a query returns it, and the rules by which it moves; the columns carry these names.</summary>
internal sealed class CursorRow
{
    public string Consumer { get; init; } = string.Empty;

    public string Epoch { get; init; } = string.Empty;

    public long Sequence { get; init; }

    public long UpdatedMicros { get; init; }

    /// <summary>Why a cursor cannot stand at a position, or <see langword="null"/>.</summary>
    public static HistoryLostReason? WhyLost(StreamPosition position, StreamBounds bounds)
    {
        if (!position.IsSameHistoryAs(bounds.Head)) return HistoryLostReason.EpochChanged;
        return position.Sequence > bounds.HeadSequence ? HistoryLostReason.AheadOfHead : null;
    }

    /// <summary>Whether a cursor moves to a position: only forwards, or out of another history.</summary>
    public static bool Moves(CursorRow? row, StreamPosition to) =>
        row is null || row.Sequence < to.Sequence || !string.Equals(row.Epoch, to.Epoch, StringComparison.Ordinal);

    /// <summary>The cursor; one of another history has everything that is retained still before it.</summary>
    public ConsumerCursor ToCursor(StreamBounds bounds)
    {
        var position = new StreamPosition(Epoch, Sequence);
        long start = position.IsSameHistoryAs(bounds.Head) ? Sequence : bounds.TrimmedSequence;
        return new ConsumerCursor
        {
            Consumer = Consumer,
            Position = position,
            Lag = bounds.HeadSequence - start,
            UpdatedAt = StoreTime.FromMicros(UpdatedMicros),
        };
    }
}
