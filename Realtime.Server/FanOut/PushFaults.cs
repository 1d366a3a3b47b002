using System.Collections.Concurrent;
using Realtime.Contracts;
using Realtime.Server.Telemetry;

namespace Realtime.Server.FanOut;

/// <summary>
/// Faults on demand, in Development only: the page's "break it" panel shows with them what clients and head check repair. Every
/// fault is one that a network makes by itself; nothing here touches the store. Not registered anywhere else, so that
/// a push costs one look at a null there. Thread-safe.
/// </summary>
internal sealed class PushFaults(TimeProvider time, ILogger<PushFaults> logger)
{
    /// <summary>For how long the node pushes nothing once it was deafened.</summary>
    internal static readonly TimeSpan DeafFor = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, bool> _dropping = new(StringComparer.Ordinal);
    private long _deafSince;

    /// <summary>The next event of the user counts as pushed here and reaches nobody, as when a network loses it. Only a client can notice.</summary>
    public void DropNext(string userId)
    {
        _dropping[UserId.GroupOf(userId)] = true;
        ServerLog.NextPushDropped(logger, userId);
    }

    /// <summary>For ten seconds the node neither pushes what it commits nor hears what others do: only its head check delivers.</summary>
    public void Deafen()
    {
        Interlocked.Exchange(ref _deafSince, time.GetTimestamp());
        ServerLog.NodeDeafened(logger, DeafFor);
    }

    /// <summary>What becomes of an event that is about to be pushed to a group of this node.</summary>
    public PushFate FateOf(string group)
    {
        if (!_dropping.IsEmpty && _dropping.TryRemove(group, out _)) return PushFate.Lost;
        long since = Interlocked.Read(ref _deafSince);
        return since != 0 && time.GetElapsedTime(since) < DeafFor ? PushFate.Unheard : PushFate.Sent;
    }
}

/// <summary>What becomes of a push.</summary>
internal enum PushFate
{
    /// <summary>It is sent.</summary>
    Sent,

    /// <summary>It counts as sent and is not.</summary>
    Lost,

    /// <summary>This node has not heard of it.</summary>
    Unheard,
}
