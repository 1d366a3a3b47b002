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

    /// <summary>It stands where we have been, but is later than what we saw there: our history may have been rewritten.</summary>
    Rewritten,

    /// <summary>It stands where we have not been, but is no later than what we saw: it belongs to a history that is gone.</summary>
    Stale,

    /// <summary>It is of another epoch.</summary>
    Foreign,
}

/// <summary>The rule that everything rests on, as a pure function.</summary>
internal static class SequenceGate
{
    /// <summary>
    /// Judges a received event. Times rise with sequences, and a history that replaces another is later than all of it; so an event
    /// whose time contradicts its sequence is of another history than the last one, and never follows it.
    /// </summary>
    /// <param name="last">The last sequence delivered; 0 before the first.</param>
    /// <param name="lastTime">Its time, or a time that all later events exceed; <see langword="null"/> when none is known.</param>
    /// <param name="received">The sequence received.</param>
    /// <param name="time">Its time.</param>
    public static GateDecision Offer(long last, DateTimeOffset? lastTime, long received, DateTimeOffset time)
    {
        if (received <= last) return lastTime < time ? GateDecision.Rewritten : GateDecision.Duplicate;
        if (lastTime >= time) return GateDecision.Stale;
        return received == last + 1 ? GateDecision.Deliver : GateDecision.Gap;
    }
}
