namespace Realtime.Server.EventStore;

/// <summary>The newest event of a stream, and what the next one gets: sequence without a gap, time strictly later.</summary>
/// <param name="Sequence">Sequence of the newest event; 0 when there was none.</param>
/// <param name="LastMicros">Its time.</param>
internal readonly record struct StreamTail(long Sequence, long LastMicros)
{
    public static readonly StreamTail Empty = new(0, long.MinValue);

    /// <summary>The tail after one more event. A clock that stands still or steps back gives the previous time + 1 us.</summary>
    /// <param name="nowMicros">The store's clock, read under the stream's lock.</param>
    public StreamTail Next(long nowMicros) =>
        new(Sequence + 1, nowMicros > LastMicros ? nowMicros : LastMicros + 1);
}
