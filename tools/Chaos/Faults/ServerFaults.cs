using System.Diagnostics;
using System.Globalization;
using Realtime.Chaos.Cluster;
using Realtime.Chaos.Plan;

namespace Realtime.Chaos.Faults;

/// <summary>Nodes that die, end, are cut off, or are replaced.</summary>
static class ServerFaults
{
    internal static async Task KillAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        var node = context.Node(fault.Target);
        await node.KillAsync();
        await Task.Delay(fault.Length / 2, ct);
        await node.RestartAsync(ct);
    }

    internal static async Task TerminateAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        var node = context.Node(fault.Target);
        await EndAsync(context, node, ct);
        await node.RestartAsync(ct);
    }

    /// <summary>From Redis and PostgreSQL at once: silence, or refusal.</summary>
    internal static async Task CutOffAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        var node = context.Node(fault.Target);
        foreach (var wire in new[] { node.Redis, node.Postgres })
        {
            if (fault.Variant % 2 == 0)
                wire.BlackHole();
            else
            {
                wire.Refuse();
                wire.Cut();
            }
        }
        await Task.Delay(fault.Length + TimeSpan.FromSeconds(2), ct);
        foreach (var wire in new[] { node.Redis, node.Postgres })
        {
            wire.Heal();
            wire.Accept();
        }
    }

    /// <summary>One node after the other, to the other of two builds.</summary>
    internal static async Task RollAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        var assembly = context.Builds!.Other();
        foreach (var node in context.Cluster.Nodes)
        {
            await EndAsync(context, node, ct);
            await node.RestartAsync(ct, assembly);
            await Task.Delay(500, ct);
        }
    }

    static async Task EndAsync(FaultContext context, ChaosNode node, CancellationToken ct)
    {
        var elapsed = Stopwatch.StartNew();
        var exitCode = await node.TerminateAsync(ct);
        node.KeepOutput(string.Create(CultureInfo.InvariantCulture, $"SIGTERM: exit code {exitCode} after {elapsed.Elapsed.TotalSeconds:0.0} s"));
        if (exitCode != 0)
            context.Complain(string.Create(CultureInfo.InvariantCulture, $"{node.Name} ended with exit code {exitCode} after SIGTERM"));
    }
}
