namespace Realtime.Server.EventStore;

/// <summary>
/// How far one node has seen the database's log. A log is only ever extended, so a database that is behind this has lost
/// something that was served: it is an older copy. Positions are bytes of the write-ahead log. Thread-safe.
/// </summary>
internal sealed class SeenHistory
{
    private readonly Lock _lock = new();
    private Mark _mark;

    /// <summary>What has been seen up to now. Taken before a question is asked, every true answer is at or beyond it.</summary>
    public Mark Now
    {
        get
        {
            lock (_lock) return _mark;
        }
    }

    /// <summary>A connection was found to be good: this is where the history stands.</summary>
    public void Begin(string epoch, int timeline, long flushed)
    {
        lock (_lock)
        {
            if (_mark.Epoch == epoch && _mark.Timeline != timeline) _mark = _mark with { Timeline = timeline, Flushed = flushed };
            else Raise(epoch, timeline, flushed, acknowledged: 0);
        }
    }

    /// <summary>A statement has read the history.</summary>
    public void Read(string epoch, int timeline, long flushed)
    {
        lock (_lock) Raise(epoch, timeline, flushed, acknowledged: 0);
    }

    /// <summary>A commit was acknowledged: it is on disk, and on the synchronous standby where there is one.</summary>
    public void Committed(string epoch, int timeline, long inserted)
    {
        lock (_lock) Raise(epoch, timeline, inserted, acknowledged: inserted);
    }

    private void Raise(string epoch, int timeline, long flushed, long acknowledged)
    {
        if (_mark.Epoch != epoch) _mark = new Mark(epoch, timeline, flushed, acknowledged);

        // The answer of a server that was failed over from may come late, and its log may be longer.
        else if (_mark.Timeline == timeline)
            _mark = _mark with { Flushed = Math.Max(_mark.Flushed, flushed), Acknowledged = Math.Max(_mark.Acknowledged, acknowledged) };
    }

    /// <param name="Epoch">Name of the history; <see langword="null"/>: nothing seen yet.</param>
    /// <param name="Timeline">The timeline it was seen on.</param>
    /// <param name="Flushed">The log on that timeline's disk reached at least this far.</param>
    /// <param name="Acknowledged">Commits up to here were acknowledged to this node, so a lossless failover keeps them.</param>
    internal readonly record struct Mark(string? Epoch, int Timeline, long Flushed, long Acknowledged)
    {
        /// <summary>Whether the log of this history, found there now, is shorter than it was.</summary>
        public bool IsAheadOf(string epoch, int timeline, long flushed) => Epoch == epoch
            && (timeline < Timeline || flushed < (timeline == Timeline ? Flushed : Acknowledged));
    }
}
