using System.Diagnostics.CodeAnalysis;
using Realtime.Contracts;

namespace Realtime.Client.Ordering;

/// <summary>
/// Pushed events that wait for an earlier one, each once. Bounded: beyond its capacity the latest are dropped, for the earliest are
/// needed first and the others can be fetched. Nearly every event passes through here alone, and then costs nothing but a look-up.
/// Not thread-safe; pure.
/// </summary>
internal sealed class HeldEvents(int capacity)
{
    private readonly Dictionary<long, AgentEventEnvelope> _events = [];
    private long _latest; // at least as great as any sequence here

    public int Count => _events.Count;

    /// <returns><see langword="false"/> when another event with the same sequence is here.</returns>
    public bool TryAdd(AgentEventEnvelope envelope)
    {
        long sequence = envelope.Position.Sequence;
        if (_events.TryGetValue(sequence, out var held)) return held.Time == envelope.Time;

        if (_events.Count >= capacity && !MakesRoomFor(sequence)) return true;
        _events.Add(sequence, envelope);
        _latest = Math.Max(_latest, sequence);
        return true;
    }

    /// <summary>Takes the event that follows a sequence, if it is here.</summary>
    public bool TryTakeNext(long last, [NotNullWhen(true)] out AgentEventEnvelope? next) =>
        _events.TryGetValue(last + 1, out next) && _events.Remove(last + 1);

    /// <summary>Forgets what has been delivered on another way.</summary>
    public void DropUpTo(long last)
    {
        if (_events.Count == 0) return;
        foreach (long passed in _events.Keys.Where(sequence => sequence <= last).ToList()) _events.Remove(passed);
    }

    public void Clear() => _events.Clear();

    /// <summary>Drops the latest, unless the new one is later still.</summary>
    private bool MakesRoomFor(long sequence)
    {
        if (sequence > _latest) return false;
        _latest = _events.Keys.Max();
        if (sequence > _latest) return false;
        _events.Remove(_latest);
        return true;
    }
}
