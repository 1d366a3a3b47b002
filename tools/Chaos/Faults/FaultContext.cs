using Realtime.Chaos.Clients;
using Realtime.Chaos.Cluster;
using Realtime.Chaos.Publishing;

namespace Realtime.Chaos.Faults;

/// <summary>What faults work on.</summary>
sealed record FaultContext
{
    internal required ChaosCluster Cluster { get; init; }
    internal required ClientFleet Fleet { get; init; }
    internal required StoreTruth Store { get; init; }
    internal required SqlPublishing Sql { get; init; }
    internal required UserChoice Users { get; init; }
    internal required RecordedPushes Pushes { get; init; }

    /// <value>The server's assembly, and a newer build of it; null when the plan restarts onto none.</value>
    internal required ServerBuilds? Builds { get; init; }

    /// <value>What went wrong with a fault itself: an exit code, a start that failed.</value>
    internal required Action<string> Complain { get; init; }

    /// <value>Clients kept away while their history was trimmed. Locked by whoever adds.</value>
    internal HashSet<(string Process, string User)> MayLose { get; } = [];

    internal ChaosNode Node(int target) => Cluster.Nodes[target % Cluster.Nodes.Count];

    internal ClientProcess Process(int target) => Fleet.Processes[target % Fleet.Processes.Count];

    internal string User(int target) => Users.All[target % Users.All.Count];
}
