namespace Realtime.Server.CommandLine.Verify;

/// <summary>What has been read and found so far. One writer; counts may be read meanwhile.</summary>
internal sealed class VerifyTally(Action<StoreFault> onFault)
{
    private long _streams;
    private long _events;
    private long _faults;
    private long _unread;

    internal long Streams => Volatile.Read(ref _streams);

    internal long Events => Volatile.Read(ref _events);

    internal long Faults => Volatile.Read(ref _faults);

    /// <summary>Events of a known type whose data the contract cannot read, and the first of them.</summary>
    internal long UnreadByContract => Volatile.Read(ref _unread);

    internal string? FirstUnread { get; private set; }

    internal void StreamDone() => Interlocked.Increment(ref _streams);

    internal void EventDone() => Interlocked.Increment(ref _events);

    internal void Report(StoreFault fault)
    {
        Interlocked.Increment(ref _faults);
        onFault(fault);
    }

    internal void Unread(string what)
    {
        FirstUnread ??= what;
        Interlocked.Increment(ref _unread);
    }
}
