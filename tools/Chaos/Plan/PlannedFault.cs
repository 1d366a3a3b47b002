using System.Globalization;

namespace Realtime.Chaos.Plan;

/// <summary>One fault of a plan: everything about it that chance decides is decided here.</summary>
/// <param name="Number">From 1, in the order of time.</param>
/// <param name="At">When it begins, counted from the start of the run.</param>
/// <param name="Kind">What breaks.</param>
/// <param name="Target">Which node, client process or user; taken modulo how many there are.</param>
/// <param name="Length">How long the broken state lasts, where it lasts.</param>
/// <param name="Variant">Chooses between the forms of a kind, modulo how many it has.</param>
sealed record PlannedFault(int Number, TimeSpan At, FaultKind Kind, int Target, TimeSpan Length, int Variant)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"#{Number:000} at {At.TotalSeconds,7:0.000} s  {Kind.Name,-22} target {Target,4}  length {Length.TotalSeconds:0.000} s  variant {Variant}");
}
