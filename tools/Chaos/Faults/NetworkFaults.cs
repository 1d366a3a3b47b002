using Realtime.Chaos.Plan;
using Realtime.Chaos.Publishing;
using Realtime.Harness;

namespace Realtime.Chaos.Faults;

/// <summary>Bad wires: mostly between clients and the cluster, sometimes behind a node.</summary>
static class NetworkFaults
{
    const int BurstEvents = 160;
    const int BurstBytes = 50_000;

    internal static async Task CutAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        var wire = Wire(context, fault);
        for (var i = 0; i <= fault.Variant % 3; i++)
        {
            wire.Cut();
            await Task.Delay(400, ct);
        }
    }

    internal static async Task BlackHoleAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        var wire = Wire(context, fault);
        wire.BlackHole();
        await Task.Delay(fault.Length, ct);
        wire.Heal();
    }

    internal static async Task HalfOpenAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        var wire = Wire(context, fault);
        var direction = fault.Variant % 2 == 0 ? ProxyDirection.ToClient : ProxyDirection.ToServer;
        wire.StopForwarding(direction);
        await Task.Delay(fault.Length, ct);
        wire.ResumeForwarding(direction);
    }

    /// <summary>Megabytes for one user whose clients' process does not read: more than all the buffers on the way hold.</summary>
    internal static async Task SlowReaderAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        var process = context.Process(fault.Target);
        var user = process.Users[fault.Target % process.Users.Count];
        process.Proxy.StopReading(ProxyDirection.ToClient);
        foreach (var burst in Enumerable.Range(0, BurstEvents).Chunk(16))
            await context.Sql.CommitAsync([.. burst.Select(_ => EventMaker.Make(user, BurstBytes))], TimeSpan.Zero, ct);
        await Task.Delay(fault.Length, ct);
        process.Proxy.ResumeReading(ProxyDirection.ToClient);
    }

    static CuttableProxy Wire(FaultContext context, PlannedFault fault) => (fault.Variant / 10 % 5) switch
    {
        0 => context.Node(fault.Target).Redis,
        1 => context.Node(fault.Target).Postgres,
        _ => context.Process(fault.Target).Proxy,
    };
}
