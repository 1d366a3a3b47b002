namespace Realtime.Chaos.Plan;

/// <summary>
/// Which faults happen when, as a pure function of the options: the same seed, minutes, users and kinds give the same plan
/// on every machine. Kinds come from a shuffled bag, so that each comes as often as any other; faults overlap unless
/// they take hold of the same part.
/// </summary>
sealed class FaultPlan
{
    /// <summary>Quiet at the start, in which clients connect and the first events flow.</summary>
    static readonly TimeSpan Quiet = TimeSpan.FromSeconds(6);

    /// <summary>No fault begins in the last seconds: what it breaks could not be seen to heal.</summary>
    static readonly TimeSpan Tail = TimeSpan.FromSeconds(8);

    const double LongRunGap = 4.6;

    FaultPlan(IReadOnlyList<PlannedFault> faults) => Faults = faults;

    /// <summary>In the order of time.</summary>
    internal IReadOnlyList<PlannedFault> Faults { get; }

    /// <summary>Nothing happens.</summary>
    internal static FaultPlan None { get; } = new([]);

    internal static FaultPlan Make(int seed, TimeSpan length, int users, IReadOnlyList<FaultKind> kinds)
    {
        var dice = new Dice(seed);
        var window = (length - Quiet - Tail).TotalSeconds;
        // A short run still shows every kind once, when that is possible at all.
        var gap = Math.Clamp(window / (kinds.Count * 1.25), 1.5, LongRunGap);
        var bag = new List<FaultKind>();
        var freeAt = new Dictionary<Parts, double>();
        var faults = new List<PlannedFault>();
        for (var at = Quiet.TotalSeconds; ; at += gap * (0.6 + 0.8 * dice.Next()))
        {
            if (bag.Count == 0)
                bag.AddRange(dice.Shuffled(kinds));
            var kind = bag.Find(k => FreeFrom(freeAt, k) <= at) ?? bag[0];
            at = Math.Max(at, FreeFrom(freeAt, kind));
            if (at > length.TotalSeconds - Tail.TotalSeconds)
                return new FaultPlan(faults);
            bag.Remove(kind);
            foreach (var part in PartsOf(kind))
                freeAt[part] = at + kind.LongestSeconds;
            faults.Add(new(
                faults.Count + 1, TimeSpan.FromMilliseconds(Math.Round(at * 1000)), kind, dice.Below(Math.Max(users, 1) * 997),
                TimeSpan.FromMilliseconds(dice.Between(1_200, 5_000)), dice.Below(1_000)));
        }
    }

    static double FreeFrom(Dictionary<Parts, double> freeAt, FaultKind kind) =>
        PartsOf(kind).Select(part => freeAt.GetValueOrDefault(part)).DefaultIfEmpty(0).Max();

    static IEnumerable<Parts> PartsOf(FaultKind kind) => Enum.GetValues<Parts>().Where(part => part != Parts.None && kind.Parts.HasFlag(part));
}
