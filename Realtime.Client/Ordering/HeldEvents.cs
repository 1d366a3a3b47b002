using System.Diagnostics.CodeAnalysis;
using Realtime.Contracts;

namespace Realtime.Client.Ordering;

/// <summary>
/// Pushed events that wait for an earlier one, ordered by sequence, each once. Bounded: beyond its capacity the latest are
/// dropped, for the earliest are needed first and the others can be fetched. Not thread-safe; pure.
/// </summary>
internal sealed class HeldEvents(int capacity)
{
    private readonly SortedSet<long> _sequences = [];
    private readonly Dictionary<long, AgentEventEnvelope> _events = [];

    public int Count => _events.Count;

    /// <returns><see langword="false"/> when another event with the same sequence is here.</returns>
    public bool TryAdd(AgentEventEnvelope envelope)
    {
        long sequence = envelope.Position.Sequence;
        if (!_sequences.Add(sequence)) return _events[sequence].Time == envelope.Time;

        _events.Add(sequence, envelope);
        if (_sequences.Count > capacity) Remove(_sequences.Max);
        return true;
    }

    /// <summary>Takes the event that follows a sequence, if it is here.</summary>
    public bool TryTakeNext(long last, [NotNullWhen(true)] out AgentEventEnvelope? next)
    {
        if (!_events.TryGetValue(last + 1, out next)) return false;
        Remove(last + 1);
        return true;
    }

    /// <summary>Forgets what has been delivered on another way.</summary>
    public void DropUpTo(long last)
    {
        while (_sequences.Count > 0 && _sequences.Min <= last) Remove(_sequences.Min);
    }

    public void Clear()
    {
        _sequences.Clear();
        _events.Clear();
    }

    private void Remove(long sequence)
    {
        _sequences.Remove(sequence);
        _events.Remove(sequence);
    }
}
