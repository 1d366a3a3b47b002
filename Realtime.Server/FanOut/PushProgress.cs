using Realtime.Contracts;

namespace Realtime.Server.FanOut;

/// <summary>
/// Up to where one user's events have been pushed on this node without a gap. Pushes may overtake one another on their way
/// through several processes, so what is ahead of a gap is remembered, within bounds. Not thread-safe; pure.
/// </summary>
internal sealed class PushProgress
{
    private const int MaxAhead = 256;

    /// <summary>Made when something is ahead for the first time: most streams never need it.</summary>
    private SortedSet<long>? _ahead;

    /// <summary>The last position before the first gap; <see langword="null"/> as long as no head has told where to begin.</summary>
    public StreamPosition? Contiguous { get; private set; }

    /// <summary>Everything up to here counts as pushed: it was, or the clients have been told this head.</summary>
    public void Reached(StreamPosition position)
    {
        if (Contiguous is { } known && known.IsSameHistoryAs(position) && known.Sequence >= position.Sequence) return;
        if (Contiguous is { } before && !before.IsSameHistoryAs(position)) _ahead?.Clear();
        Contiguous = position;
        while (_ahead is { Count: > 0 } && _ahead.Min <= position.Sequence) _ahead.Remove(_ahead.Min);
        Advance();
    }

    /// <summary>Some client may know less than was pushed: only a head that all are told begins anew.</summary>
    public void Forget()
    {
        Contiguous = null;
        _ahead?.Clear();
    }

    /// <summary>An event was pushed.</summary>
    public void Pushed(StreamPosition position)
    {
        if (Contiguous is not { } known || !known.IsSameHistoryAs(position) || position.Sequence <= known.Sequence) return;
        if (position.Sequence == known.Sequence + 1 && _ahead is not { Count: > 0 })
        {
            Contiguous = position;
            return;
        }

        _ahead ??= [];
        _ahead.Add(position.Sequence);
        if (_ahead.Count > MaxAhead) _ahead.Remove(_ahead.Max); // pushed once more by the head check, which clients drop
        Advance();
    }

    private void Advance()
    {
        while (Contiguous is { } known && _ahead is not null && _ahead.Remove(known.Sequence + 1)) Contiguous = known.At(known.Sequence + 1);
    }
}
