using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.AspNetCore.SignalR;
using Realtime.Contracts;

namespace Realtime.Server.FanOut;

/// <summary>The groups that connections of this node are in, and how far each has been pushed. Thread-safe.</summary>
internal sealed class LocalGroups
{
    private readonly ConcurrentDictionary<string, LocalGroup> _groups = new(StringComparer.Ordinal);

    /// <summary>Names of all groups with a connection here.</summary>
    public IEnumerable<string> Names => _groups.Select(group => group.Key); // Keys would copy them all under every lock

    /// <summary>Names of those of which it is unknown how far they have been pushed.</summary>
    public IEnumerable<string> Unknown => _groups.Where(group => group.Value.Pushed is null).Select(group => group.Key);

    public LocalGroup? Find(string name) => _groups.GetValueOrDefault(name);

    public void Add(GroupMember connection, string name)
    {
        while (true)
        {
            var group = _groups.GetOrAdd(name, static n => new LocalGroup(n));
            lock (group)
            {
                if (group.IsClosed) continue; // its last connection has just left
                if (connection.TryEnter(name)) group.Members = group.Members.Add(connection);
                CloseIfEmpty(group); // made for a connection that has ended meanwhile
                return;
            }
        }
    }

    public void Remove(GroupMember connection, string name)
    {
        if (!_groups.TryGetValue(name, out var group)) return;
        lock (group)
        {
            if (!connection.TryExit(name)) return;
            group.Members = group.Members.Remove(connection);
            CloseIfEmpty(group);
        }
    }

    /// <summary>The connection has ended: an <see cref="Add"/> that is under way, or comes late, leaves nothing behind.</summary>
    public void End(GroupMember connection)
    {
        foreach (string name in connection.End()) Remove(connection, name);
    }

    private void CloseIfEmpty(LocalGroup group)
    {
        if (!group.Members.IsEmpty) return;
        group.IsClosed = true;
        _groups.TryRemove(new(group.Name, group));
    }
}

/// <summary>One group. Pushes and progress move together under its lock, so what counts as pushed was pushed. Thread-safe.</summary>
internal sealed class LocalGroup(string name)
{
    private readonly PushProgress _progress = new();
    private DateTimeOffset _newest;

    public string Name => name;

    public ImmutableArray<GroupMember> Members { get; set; } = [];

    public bool IsClosed { get; set; }

    /// <summary>Up to where events were pushed here without a gap; <see langword="null"/> as long as that is unknown.</summary>
    public StreamPosition? Pushed
    {
        get
        {
            lock (this) return _progress.Contiguous;
        }
    }

    /// <summary>Sends to every member, but those named, and notes which event it was.</summary>
    /// <returns>How many members were behind.</returns>
    public int Send(SerializedHubMessage message, EventMark? mark, IReadOnlyList<string>? except = null)
    {
        lock (this)
        {
            int skipped = 0;
            foreach (var member in Members)
            {
                if (except?.Contains(member.Id) != true && !member.TrySend(message, mark)) skipped++;
            }

            if (mark is { } pushed)
            {
                _progress.Pushed(pushed.Position);
                if (pushed.Time > _newest) _newest = pushed.Time;
            }

            return skipped;
        }
    }

    /// <summary>
    /// The same with a push of another node, unless its event was pushed here before. A known number with a later time than all others
    /// is another event, of a history that was rewritten: the clients notice that, so they get it.
    /// </summary>
    /// <returns>Whether it was sent.</returns>
    public bool TrySend(SerializedHubMessage message, EventMark? mark)
    {
        lock (this)
        {
            bool isRepeated = mark is { } given && _progress.Contiguous is { } known
                && known.IsSameHistoryAs(given.Position) && given.Position.Sequence <= known.Sequence && given.Time <= _newest;
            if (!isRepeated) Send(message, mark);
            return !isRepeated;
        }
    }

    /// <summary>The event counts as pushed, and reaches nobody: see <see cref="PushFaults"/>.</summary>
    public void Lose(EventMark mark)
    {
        lock (this)
        {
            _progress.Pushed(mark.Position);
            if (mark.Time > _newest) _newest = mark.Time;
        }
    }

    /// <summary>Tells every member the head; what it covers counts as pushed.</summary>
    public void Announce(SerializedHubMessage message, StreamPosition head)
    {
        lock (this)
        {
            foreach (var member in Members) member.TellHead(message, head);
            _progress.Reached(head);
        }
    }

    /// <summary>A member was owed a head that could not be read: progress is unknown until the next head is announced to all.</summary>
    public void Forget()
    {
        lock (this) _progress.Forget();
    }
}
