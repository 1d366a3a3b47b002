using Realtime.Contracts;

namespace Realtime.Chaos.Records;

/// <summary>Everything the checker judges: what was promised, what is true, and what applications saw.</summary>
sealed record History
{
    /// <value>What the database holds, and what was deleted from it by retention.</value>
    internal required IReadOnlyList<StoredEvent> Stored { get; init; }

    /// <value>What publishers were told.</value>
    internal IReadOnlyList<Acknowledgement> Acknowledged { get; init; } = [];

    /// <value>Events of transactions that were rolled back: nobody may ever see them.</value>
    internal IReadOnlySet<Guid> RolledBack { get; init; } = new HashSet<Guid>();

    /// <value>What every client process saw, run after run.</value>
    internal required IReadOnlyList<ClientRun> Runs { get; init; }

    /// <value>Clients that must have seen everything by now: process and user. Others may have been taken away.</value>
    internal required IReadOnlyList<(string Process, string User)> Clients { get; init; }

    /// <value>Clients that were kept away while their history was trimmed: only they may lose any. Null: all may.</value>
    internal IReadOnlySet<(string Process, string User)>? MayLose { get; init; }

    /// <value>Positions below which retention has deleted, per user: all steps.</value>
    internal IReadOnlyDictionary<string, IReadOnlyList<StreamPosition>> Trims { get; init; } = new Dictionary<string, IReadOnlyList<StreamPosition>>();
}
