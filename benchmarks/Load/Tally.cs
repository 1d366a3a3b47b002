namespace Realtime.Benchmarks.Load;

/// <summary>What went wrong on the way, over all connections.</summary>
/// <param name="Lost">Acknowledged, but not delivered within half a minute.</param>
/// <param name="Duplicated">Delivered again to the same connection.</param>
/// <param name="Reordered">Delivered after a later one of the same publisher.</param>
/// <param name="Refused">Not acknowledged.</param>
internal sealed record Tally(long Lost, long Duplicated, long Reordered, long Refused)
{
    public static Tally None { get; } = new(0, 0, 0, 0);

    public static Tally operator +(Tally a, Tally b) =>
        new(a.Lost + b.Lost, a.Duplicated + b.Duplicated, a.Reordered + b.Reordered, a.Refused + b.Refused);

    public override string ToString() => $"{Lost} lost, {Duplicated} duplicated, {Reordered} reordered, {Refused} refused";
}
