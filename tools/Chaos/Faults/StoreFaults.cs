using Realtime.Chaos.Plan;

namespace Realtime.Chaos.Faults;

/// <summary>PostgreSQL and Redis that die, stall or forget.</summary>
static class StoreFaults
{
    internal static async Task StopPostgresAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        await context.Cluster.Postgres.StopImmediateAsync();
        await Task.Delay(fault.Length / 2, ct);
        await context.Cluster.Postgres.RestartAsync(ct);
    }

    internal static async Task KillPostgresAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        await context.Cluster.Postgres.KillAsync();
        await Task.Delay(fault.Length / 2, ct);
        await context.Cluster.Postgres.RestartAsync(ct);
    }

    internal static async Task KillRedisAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        await context.Cluster.Redis.KillAsync();
        await Task.Delay(fault.Length, ct);
        await context.Cluster.Redis.RestartAsync(ct);
    }

    internal static Task FlushRedisAsync(FaultContext context, PlannedFault fault, CancellationToken ct) =>
        context.Cluster.Redis.CliAsync(["FLUSHALL"], ct);

    internal static async Task PauseRedisAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        await context.Cluster.Redis.PauseAsync(fault.Length, ct);
        await Task.Delay(fault.Length, ct);
    }

    internal static async Task KillSubscribersAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        for (var i = 0; i <= fault.Variant % 3; i++)
        {
            await context.Cluster.Redis.CliAsync(["CLIENT", "KILL", "TYPE", "pubsub"], ct);
            await Task.Delay(300, ct);
        }
    }

    internal static async Task StartNodeWithoutRedisAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        var node = context.Node(fault.Target);
        await context.Cluster.Redis.KillAsync();
        await node.KillAsync();
        await node.RestartAsync(ct);
        await Task.Delay(fault.Length, ct);
        await context.Cluster.Redis.RestartAsync(ct);
    }
}
