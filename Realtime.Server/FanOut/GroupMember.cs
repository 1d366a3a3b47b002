using Microsoft.AspNetCore.SignalR;
using Realtime.Contracts;

namespace Realtime.Server.FanOut;

/// <summary>
/// One of this node's receivers: it enters groups, and takes what is pushed to them without ever making the pusher wait. Called under
/// the lock of a group. Thread-safe.
/// </summary>
internal abstract class GroupMember
{
    private readonly List<string> _groups = new(1); // one in all likelihood, and thousands of these
    private bool _hasEnded;

    public abstract string Id { get; }

    /// <summary>Guards the groups, and whatever a member keeps beside them.</summary>
    protected Lock Gate { get; } = new();

    /// <summary>Notes that the member is in the group.</summary>
    /// <returns><see langword="false"/> when it is already, or the member has ended.</returns>
    public bool TryEnter(string group)
    {
        lock (Gate)
        {
            if (_hasEnded || _groups.Contains(group, StringComparer.Ordinal)) return false;
            _groups.Add(group);
            return true;
        }
    }

    /// <returns><see langword="false"/> when it was not in the group.</returns>
    public bool TryExit(string group)
    {
        lock (Gate) return _groups.Remove(group);
    }

    /// <summary>From now on the member enters no group.</summary>
    /// <returns>The groups it is in.</returns>
    public IReadOnlyList<string> End()
    {
        lock (Gate)
        {
            _hasEnded = true;
            return [.. _groups];
        }
    }

    /// <summary>Takes a push, or notes that it is behind. Never waits and never throws.</summary>
    /// <param name="message">The push as hub clients get it.</param>
    /// <param name="mark">Which event it carries; <see langword="null"/> when it is none.</param>
    /// <returns>Whether it was taken.</returns>
    public abstract bool TrySend(SerializedHubMessage message, EventMark? mark);

    /// <summary>Takes the head of the stream. Never waits and never throws.</summary>
    /// <param name="message">The head as hub clients get it.</param>
    /// <param name="head">The head.</param>
    public virtual void TellHead(SerializedHubMessage message, StreamPosition head) => TrySend(message, mark: null);
}
