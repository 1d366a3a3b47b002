namespace Realtime.Chaos.Checking;

/// <summary>What the checker found.</summary>
sealed record CheckResult
{
    internal required IReadOnlyList<Violation> Violations { get; init; }

    /// <value>Times a handler got an event, repetitions after a crash included.</value>
    internal required long Deliveries { get; init; }

    /// <value>Events handled again by the next run because the crash came before their cursor was saved: allowed, counted.</value>
    internal required long RepeatedAfterCrash { get; init; }

    /// <value>Losses of history that clients reported and that were true.</value>
    internal required int TrueHistoryLost { get; init; }

    internal bool IsClean => Violations.Count == 0;

    internal int Count(ViolationKind kind) => Violations.Count(violation => violation.Kind == kind);
}
