using Realtime.Chaos.Records;
using Realtime.Contracts;

namespace Realtime.Chaos.Checking;

/// <summary>The truth about one user's stream. The run has one epoch: the database is never replaced.</summary>
sealed class StoredStream
{
    readonly string _user;
    readonly List<StoredEvent> _inOrder;
    readonly Dictionary<long, StoredEvent> _bySequence = [];
    readonly HashSet<long> _trims;

    internal StoredStream(string user, IEnumerable<StoredEvent> events, IReadOnlyList<StreamPosition> trims)
    {
        _user = user;
        _inOrder = [.. events.OrderBy(e => e.Position.Sequence)];
        foreach (var stored in _inOrder)
            _bySequence.TryAdd(stored.Position.Sequence, stored);
        _trims = [.. trims.Select(t => t.Sequence)];
    }

    internal long Head => _inOrder.Count == 0 ? 0 : _inOrder[^1].Position.Sequence;

    internal StoredEvent? At(StreamPosition position) =>
        _bySequence.GetValueOrDefault(position.Sequence) is { } stored && stored.Position == position ? stored : null;

    /// <summary>Whether retention once made <paramref name="oldest"/> the first event that is left.</summary>
    internal bool WasOldest(StreamPosition oldest) => _trims.Contains(oldest.Sequence - 1);

    internal void CheckOrder(List<Violation> violations)
    {
        var ids = new HashSet<Guid>();
        StoredEvent? previous = null;
        foreach (var stored in _inOrder)
        {
            if (stored.Position.Sequence != (previous?.Position.Sequence ?? 0) + 1)
                Add($"{stored.Position} follows {previous?.Position.ToString() ?? "nothing"}");
            if (previous is not null && stored.TimeMicros <= previous.TimeMicros)
                Add($"the time of {stored.Position} is not later than that of {previous.Position}");
            if (!ids.Add(stored.Id))
                Add($"the id of {stored.Position} is stored twice");
            previous = stored;
        }

        void Add(string what) => violations.Add(new(ViolationKind.StoreNotInOrder, _user, what));
    }
}
