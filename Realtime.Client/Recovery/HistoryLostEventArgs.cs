using Realtime.Contracts;

namespace Realtime.Client;

/// <summary>Arguments of <see cref="AgentEventsClient.HistoryLost"/>: the stream cannot be continued from where the client was.</summary>
public sealed class HistoryLostEventArgs : EventArgs
{
    internal HistoryLostEventArgs(HistoryLostReason reason, StreamPosition lastProcessed, StreamPosition head, StreamPosition oldest, StartFrom continueFrom)
    {
        Reason = reason;
        LastProcessed = lastProcessed;
        Head = head;
        Oldest = oldest;
        ContinueFrom = continueFrom;
    }

    /// <summary>Why.</summary>
    public HistoryLostReason Reason { get; }

    /// <summary>What had been processed.</summary>
    public StreamPosition LastProcessed { get; }

    /// <summary>The newest event there is now.</summary>
    public StreamPosition Head { get; }

    /// <summary>The oldest event there is now.</summary>
    public StreamPosition Oldest { get; }

    /// <summary>
    /// Where the client goes on; a callback may change it. By default from <see cref="Oldest"/> when history was trimmed, else from
    /// the first event later than the last one processed, so that only what no longer exists is lost.
    /// </summary>
    public StartFrom ContinueFrom { get; set; }
}
