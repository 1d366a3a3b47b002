namespace Realtime.Client.Ordering;

/// <summary>What to do with an event that was received.</summary>
internal enum GateDecision
{
    /// <summary>It is the next one.</summary>
    Deliver,

    /// <summary>It was delivered before.</summary>
    Duplicate,

    /// <summary>Something before it is missing.</summary>
    Gap,
}

/// <summary>The rule that everything rests on, as a pure function.</summary>
internal static class SequenceGate
{
    /// <summary>Judges a received sequence.</summary>
    /// <param name="last">The last sequence delivered; 0 before the first.</param>
    /// <param name="received">The sequence received.</param>
    public static GateDecision Offer(long last, long received) =>
        received <= last ? GateDecision.Duplicate
        : received == last + 1 ? GateDecision.Deliver
        : GateDecision.Gap;
}
