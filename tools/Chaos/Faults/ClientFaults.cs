using System.Diagnostics;
using Realtime.Chaos.Clients;
using Realtime.Chaos.Plan;

namespace Realtime.Chaos.Faults;

/// <summary>Clients that crash, whose clock jumps, or whose tokens run out.</summary>
static class ClientFaults
{
    static readonly TimeSpan GapPatience = TimeSpan.FromSeconds(5);

    /// <summary>Kills while events hang between effect and saved cursor, or before the effect, where no cursor may have passed them.</summary>
    internal static async Task KillAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        var process = context.Process(fault.Target);
        process.Suffer(new() { HoldSaves = fault.Variant % 2 == 0, HoldHandlers = fault.Variant % 2 == 1 });
        for (var elapsed = Stopwatch.StartNew(); process.HeldEvents == 0 && elapsed.Elapsed < GapPatience;)
            await Task.Delay(50, ct);
        await Task.Delay(fault.Length / 10, ct);
        await process.KillAsync();
        process.Suffer(new());
        await Task.Delay(fault.Length / 3, ct);
        await process.StartAsync();
    }

    internal static async Task StepClockAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        var process = context.Process(fault.Target);
        long[] steps = [3_600_000, -3_600_000, 40_000, -40_000, 86_400_000 * 400L, -86_400_000 * 400L];
        process.Suffer(new() { ClockOffsetMs = steps[fault.Variant % steps.Length] });
        await Task.Delay(fault.Length, ct);
        process.Suffer(new());
    }

    /// <summary>No good token for longer than one lives, so that connections are closed for it.</summary>
    internal static async Task WithholdTokensAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        var process = context.Process(fault.Target);
        process.Suffer(new() { Tokens = fault.Variant % 2 == 0 ? "none" : "expired" });
        await Task.Delay(fault.Length + TimeSpan.FromSeconds(12), ct);
        process.Suffer(new());
    }
}
