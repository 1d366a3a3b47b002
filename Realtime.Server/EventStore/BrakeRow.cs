using Realtime.Contracts.Rest;

namespace Realtime.Server.EventStore;

/// <summary>A stored brake as a query returns it; the columns carry these names.</summary>
internal sealed class BrakeRow
{
    public bool Engaged { get; init; }

    public string? Reason { get; init; }

    public long ChangedMicros { get; init; }

    public string ChangedBy { get; init; } = string.Empty;

    /// <summary>The state; a brake that was never set is not engaged.</summary>
    public static BrakeState ToState(BrakeRow? row) => row is null
        ? new BrakeState { Engaged = false }
        : new BrakeState { Engaged = row.Engaged, Reason = row.Reason, ChangedAt = StoreTime.FromMicros(row.ChangedMicros), ChangedBy = row.ChangedBy };
}
