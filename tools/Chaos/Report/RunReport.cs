using Realtime.Chaos.Checking;
using Realtime.Chaos.Faults;
using Realtime.Chaos.Publishing;

namespace Realtime.Chaos.Report;

/// <summary>Everything a run found out.</summary>
sealed record RunReport
{
    internal required ChaosOptions Options { get; init; }
    internal required CheckResult Check { get; init; }
    internal required WaitTimes Waits { get; init; }
    internal required IReadOnlyList<FaultOutcome> Faults { get; init; }
    internal required int Clients { get; init; }
    internal required string ClientKinds { get; init; }
    internal required int Stored { get; init; }
    internal required Ledger Ledger { get; init; }
    internal required ConnectionCount Connections { get; init; }

    /// <value>Why the run failed, apart from what the checker found: faults that could not be injected, ends that were not orderly.</value>
    internal required IReadOnlyList<string> Complaints { get; init; }

    internal bool IsPassed => Check.IsClean && Complaints.Count == 0 && Check.Deliveries > 0;
}
