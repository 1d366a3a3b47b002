using Realtime.Contracts;

namespace Realtime.Client;

/// <summary>Where a client begins to read its stream. Immutable.</summary>
public sealed class StartFrom
{
    private StartFrom(StartKind kind, StreamPosition position = default, DateTimeOffset time = default, StartFrom? otherwise = null)
    {
        Kind = kind;
        Position = position;
        Time = time;
        Otherwise = otherwise;
    }

    /// <summary>After the stored cursor; at the head when there is none. The default.</summary>
    public static StartFrom Cursor { get; } = new(StartKind.Cursor, otherwise: new StartFrom(StartKind.Head));

    /// <summary>At the oldest event that is retained, whatever the cursor says.</summary>
    public static StartFrom Beginning { get; } = new(StartKind.Beginning);

    /// <summary>With the first event after the newest one, whatever the cursor says.</summary>
    public static StartFrom Head { get; } = new(StartKind.Head);

    internal StartKind Kind { get; }

    internal StreamPosition Position { get; }

    internal DateTimeOffset Time { get; }

    internal StartFrom? Otherwise { get; }

    /// <summary>After the stored cursor, or elsewhere when there is none.</summary>
    /// <param name="otherwise">Where to begin without a cursor.</param>
    /// <exception cref="ArgumentNullException"><paramref name="otherwise"/> is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="otherwise"/> is itself a cursor.</exception>
    public static StartFrom CursorElse(StartFrom otherwise)
    {
        if (otherwise is null) throw new ArgumentNullException(nameof(otherwise));
        if (otherwise.Kind == StartKind.Cursor) throw new ArgumentException("Must be a start of its own.", nameof(otherwise));
        return new StartFrom(StartKind.Cursor, otherwise: otherwise);
    }

    /// <summary>With the event after a position, whatever the cursor says.</summary>
    /// <param name="position">The last position that is not wanted.</param>
    /// <exception cref="ArgumentException">The position is <c>default</c>.</exception>
    public static StartFrom After(StreamPosition position) =>
        position == default ? throw new ArgumentException("Not a position of any history.", nameof(position)) : new(StartKind.After, position);

    /// <summary>With the first event after a time of the store's clock, whatever the cursor says.</summary>
    /// <param name="time">Events up to and including this time are not wanted.</param>
    public static StartFrom Since(DateTimeOffset time) => new(StartKind.Since, time: time);

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        StartKind.After => $"After({Position})",
        StartKind.Since => $"Since({EventTime.Format(Time)})",
        StartKind.Cursor => $"Cursor, else {Otherwise}",
        _ => Kind.ToString(),
    };
}

internal enum StartKind
{
    Cursor,
    Beginning,
    Head,
    After,
    Since,
}
