using System.Diagnostics;
using System.Globalization;
using Realtime.Chaos.Plan;

namespace Realtime.Chaos.Faults;

/// <summary>What became of a planned fault.</summary>
/// <param name="Planned">As it was planned.</param>
/// <param name="FromMicros">When it began.</param>
/// <param name="ToMicros">When it was healed.</param>
/// <param name="Failure">Why it could not be injected or healed; null when it could.</param>
sealed record FaultOutcome(PlannedFault Planned, long FromMicros, long ToMicros, string? Failure);

/// <summary>Injects the faults of a plan at their times: one line of log each when it begins, and another only when it fails.</summary>
/// <param name="context">What they work on.</param>
/// <param name="log">For whoever watches.</param>
/// <param name="note">For whoever investigates.</param>
sealed class FaultRunner(FaultContext context, Action<string> log, Action<string> note)
{
    static readonly TimeSpan LongestFault = TimeSpan.FromSeconds(120);

    static readonly Dictionary<FaultKind, Func<FaultContext, PlannedFault, CancellationToken, Task>> Injections = new()
    {
        [FaultKind.ServerKill] = ServerFaults.KillAsync,
        [FaultKind.ServerTerm] = ServerFaults.TerminateAsync,
        [FaultKind.NodeCut] = ServerFaults.CutOffAsync,
        [FaultKind.RollingRestart] = ServerFaults.RollAsync,
        [FaultKind.RedisKill] = StoreFaults.KillRedisAsync,
        [FaultKind.RedisFlush] = StoreFaults.FlushRedisAsync,
        [FaultKind.RedisPause] = StoreFaults.PauseRedisAsync,
        [FaultKind.RedisSubscriberKill] = StoreFaults.KillSubscribersAsync,
        [FaultKind.RedisDownAtStart] = StoreFaults.StartNodeWithoutRedisAsync,
        [FaultKind.PostgresImmediate] = StoreFaults.StopPostgresAsync,
        [FaultKind.PostgresKill] = StoreFaults.KillPostgresAsync,
        [FaultKind.TcpCut] = NetworkFaults.CutAsync,
        [FaultKind.BlackHole] = NetworkFaults.BlackHoleAsync,
        [FaultKind.HalfOpen] = NetworkFaults.HalfOpenAsync,
        [FaultKind.SlowReader] = NetworkFaults.SlowReaderAsync,
        [FaultKind.ClientKill] = ClientFaults.KillAsync,
        [FaultKind.ClientClock] = ClientFaults.StepClockAsync,
        [FaultKind.TokenExpiry] = ClientFaults.WithholdTokensAsync,
        [FaultKind.SwappedPushes] = PushFaults.SwapAsync,
        [FaultKind.SilentUnsubscribe] = PushFaults.UnsubscribeAsync,
        [FaultKind.LongTransaction] = StreamFaults.HoldAsync,
        [FaultKind.Retention] = StreamFaults.TrimAsync,
    };

    readonly Dictionary<Parts, SemaphoreSlim> _parts = Enum.GetValues<Parts>().ToDictionary(part => part, _ => new SemaphoreSlim(1, 1));

    /// <summary>Ends when every fault has been injected and healed.</summary>
    internal async Task<IReadOnlyList<FaultOutcome>> RunAsync(FaultPlan plan, Stopwatch sinceStart, CancellationToken ct)
    {
        var running = new List<Task<FaultOutcome>>();
        foreach (var fault in plan.Faults)
        {
            var wait = fault.At - sinceStart.Elapsed;
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, ct);
            running.Add(RunAsync(fault, sinceStart, ct));
        }
        return await Task.WhenAll(running);
    }

    async Task<FaultOutcome> RunAsync(PlannedFault fault, Stopwatch sinceStart, CancellationToken ct)
    {
        // In the order of their values, so that two faults never wait for each other. The plan keeps parts free; a slow machine may not.
        var held = _parts.Where(p => p.Key != Parts.None && fault.Kind.Parts.HasFlag(p.Key)).OrderBy(p => p.Key).Select(p => p.Value).ToList();
        foreach (var part in held)
            await part.WaitAsync(ct);
        var from = Clock.Micros;
        log(string.Create(CultureInfo.InvariantCulture, $"{fault}{(sinceStart.Elapsed - fault.At is { TotalSeconds: > 0.5 } late ? $"  ({late.TotalSeconds:0.0} s late)" : "")}"));
        try
        {
            await Injections[fault.Kind](context, fault, ct).WaitAsync(LongestFault, ct);
            note(string.Create(CultureInfo.InvariantCulture, $"#{fault.Number:000} {fault.Kind.Name} healed after {(Clock.Micros - from) / 1e6:0.0} s"));
            return new(fault, from, Clock.Micros, null);
        }
        catch (Exception failure) when (!ct.IsCancellationRequested)
        {
            log($"#{fault.Number:000} {fault.Kind.Name} FAILED: {failure.Message}");
            return new(fault, from, Clock.Micros, $"{failure.GetType().Name}: {failure.Message}");
        }
        finally
        {
            held.ForEach(part => part.Release());
        }
    }
}
