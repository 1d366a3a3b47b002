using System.Diagnostics;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Measure;

/// <summary>Reads clocks and CPU counters of everybody who takes part; the difference of two readings is what a phase cost.</summary>
/// <param name="system">Whose servers.</param>
/// <param name="helpers">Further processes of the load generator.</param>
internal sealed class Meter(SystemUnderTest system, params IReadOnlyList<int> helpers)
{
    public Reading Read() => new(
        Stopwatch.GetTimestamp(),
        system.Nodes.Aggregate(TimeSpan.Zero, (sum, node) => sum + ProcessStat.Cpu(node.ProcessId)),
        ProcessStat.Cpu(system.Stage.Redis.ProcessId),
        ProcessStat.CpuOfFamily(system.Stage.Postgres.ProcessId),
        helpers.Append(Environment.ProcessId).Aggregate(TimeSpan.Zero, (sum, pid) => sum + ProcessStat.Cpu(pid)),
        ProcessStat.CpuOfMachine());

    public Cost Since(Reading start)
    {
        var now = Read();
        return new Cost(
            Stopwatch.GetElapsedTime(start.Time, now.Time), now.Nodes - start.Nodes, now.Redis - start.Redis, now.Postgres - start.Postgres,
            now.Generator - start.Generator, now.Machine - start.Machine);
    }

    /// <summary>Bytes of nodes and Redis.</summary>
    public long MemoryOfServers() => system.Nodes.Sum(n => ProcessStat.Memory(n.ProcessId)) + ProcessStat.Memory(system.Stage.Redis.ProcessId);

    internal sealed record Reading(long Time, TimeSpan Nodes, TimeSpan Redis, TimeSpan Postgres, TimeSpan Generator, TimeSpan Machine);
}
