using System.Diagnostics;
using System.Globalization;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Scenarios;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Questions;

/// <summary>
/// One user with several tabs, one of which stops reading its socket while large events flow, until socket and pipes are full: how
/// late are the others? Then it reads again, and gets what it missed as the client package does.
/// </summary>
internal static class SlowReader
{
    private const double TargetMs = 250;
    private const int Rounds = 2;
    private const int HealthyTabs = 3;
    private const double PerSecond = 100;
    private const int Padding = 20 * 1024;
    private const int Publishers = 8;
    private const double WarmUp = 8;
    private const double Free = 5;

    /// <summary>SignalR gives up a socket that takes nothing for 10 s; the others wait until then.</summary>
    private const double Stuck = 18;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(Scale scale)
    {
        await using var stage = await Stage.StartAsync();
        var (ours, plain) = (0.0, 0.0);
        for (int round = 1; round <= Rounds; round++)
        {
            plain = Math.Max(plain, await MeasureAsync(SystemKind.Plain, round));
            ours = Math.Max(ours, await MeasureAsync(SystemKind.Ours, round));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"longest delay of a tab that reads, beside one that does not: ours {ours:0} ms (target: at most {TargetMs:0}: {(ours <= TargetMs ? "met" : "missed")}), plain {plain:0} ms; ours / plain = {ours / plain:0.000}"));

        async Task<double> MeasureAsync(SystemKind kind, int round)
        {
            await using var system = await SystemUnderTest.StartAsync(stage, kind);
            return await RunAsync(system, scale, round);
        }
    }

    private static async Task<double> RunAsync(SystemUnderTest system, Scale scale, int round)
    {
        var ledger = new Ledger(users: 1, lanes: 1);
        using var healthy = new Audience(system, users: 1, connectionsPerUser: HealthyTabs);
        using var slow = new Audience(system, users: 1) { TracksCursors = true };
        await Task.WhenAll(Parallel.ForAsync(0, HealthyTabs, async (i, _) => await healthy.ConnectOneAsync(i)), slow.ConnectOneAsync(0));
        await system.WaitForJoinedAsync(HealthyTabs + 1);
        using var loop = await OpenLoop.ConnectAsync(system, ledger, Publishers, Padding);
        await PhaseAsync(WarmUp);

        var free = await PhaseAsync(Free);
        var tab = slow.Listeners[0];
        tab.StopReading();
        var stuck = await PhaseAsync(Stuck);
        var waited = Stopwatch.StartNew();
        long pushed = slow.Deliveries;
        tab.ReadOn();
        bool wasClosed = await GetAllAsync(system, slow, ledger);

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"round {round} {system.Kind.Name(),-6} tabs that read: p99 {free.Received.Percentile(99):0.0} ms, longest {free.Received.Percentile(100):0} ms; beside one that does not: p99 {stuck.Received.Percentile(99):0.0} ms, longest {stuck.Received.Percentile(100):0} ms"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"round {round} {system.Kind.Name(),-6} acknowledged: p99 {free.Acknowledged.Percentile(99):0.0} ms, longest {free.Acknowledged.Percentile(100):0} ms; beside it: p99 {stuck.Acknowledged.Percentile(99):0.0} ms, longest {stuck.Acknowledged.Percentile(100):0} ms"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"round {round} {system.Kind.Name(),-6} the other tab: read again{(wasClosed ? ", found its connection closed" : string.Empty)}, lacks {slow.Audit(ledger).Lost} of {ledger.Acknowledged - pushed} events after {waited.Elapsed.TotalSeconds:0.0} s; the tabs that read: {healthy.Audit(ledger)}"));
        return stuck.Received.Percentile(100);

        async Task<(Phase Received, Phase Acknowledged)> PhaseAsync(double seconds)
        {
            var received = new Phase(Stopwatch.GetTimestamp());
            var acknowledged = new Phase(Stopwatch.GetTimestamp());
            healthy.Observe(received);
            await loop.RunAsync(users: 1, PerSecond, scale.Seconds(seconds), acknowledged);
            await healthy.WaitForAllAsync(ledger);
            return (received, acknowledged);
        }
    }

    /// <summary>Connects again where the server has given the connection up, and fetches what the head says is missing; SignalR alone cannot.</summary>
    /// <returns>Whether the connection had been closed.</returns>
    private static async Task<bool> GetAllAsync(SystemUnderTest system, Audience slow, Ledger ledger)
    {
        var tab = slow.Listeners[0];
        bool wasClosed = false;
        using var limit = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        try
        {
            while (slow.Deliveries < ledger.Acknowledged)
            {
                await timer.WaitForNextTickAsync(limit.Token);
                if (tab.IsClosed)
                {
                    wasClosed = true;
                    await slow.ConnectOneAsync(0);
                }

                if (slow.HasPositions && tab.MissesEvents) await CatchUp.FetchAsync(system, tab, 0);
            }
        }
        catch (OperationCanceledException)
        {
            // The line says what is lacking.
        }

        return wasClosed;
    }
}
