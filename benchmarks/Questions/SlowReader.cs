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

    /// <summary>Ours gives up a connection whose buffer was full for 10 s; SignalR a socket that takes nothing for 10 s, and the others wait until then.</summary>
    private const double Stuck = 18;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

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
        using var healthy = new Audience(system, users: 1, connectionsPerUser: HealthyTabs) { TracksCursors = true };
        using var slow = new Audience(system, users: 1) { TracksCursors = true };
        await Task.WhenAll(Parallel.ForAsync(0, HealthyTabs, async (i, _) => await healthy.ConnectOneAsync(i)), slow.ConnectOneAsync(0));
        await system.WaitForJoinedAsync(HealthyTabs + 1);
        using var stop = new CancellationTokenSource();
        var readers = Task.WhenAll(Enumerable.Range(0, HealthyTabs).Select(i => FollowAsync(system, healthy, i, stop.Token)));
        var stuckReader = FollowAsync(system, slow, 0, stop.Token);
        using var loop = await OpenLoop.ConnectAsync(system, ledger, Publishers, Padding);
        await PhaseAsync(WarmUp);

        var free = await PhaseAsync(Free);
        slow.Listeners[0].StopReading();
        long before = slow.Deliveries;
        var stuck = await PhaseAsync(Stuck);
        slow.Listeners[0].ReadOn();
        var waited = Stopwatch.StartNew();
        while (slow.Deliveries < ledger.Acknowledged && waited.Elapsed < Patience) await Task.Delay(5);
        waited.Stop();
        await stop.CancelAsync();
        var (efforts, late) = (await readers, await stuckReader);

        string who = string.Create(CultureInfo.InvariantCulture, $"round {round} {system.Kind.Name(),-6}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{who} tabs that read: p99 {free.Received.Percentile(99):0.0} ms, longest {free.Received.Percentile(100):0} ms; beside one that does not: p99 {stuck.Received.Percentile(99):0.0} ms, longest {stuck.Received.Percentile(100):0} ms; {efforts.Sum(e => e.Fetches)} fetches, {healthy.Audit(ledger)}"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{who} acknowledged: p99 {free.Acknowledged.Percentile(99):0.0} ms, longest {free.Acknowledged.Percentile(100):0} ms; beside it: p99 {stuck.Acknowledged.Percentile(99):0.0} ms, longest {stuck.Acknowledged.Percentile(100):0} ms"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{who} the other tab, {waited.Elapsed.TotalSeconds:0.0} s after it read again: lacks {slow.Audit(ledger).Lost} of {ledger.Acknowledged - before} events; {late.Connects} connects, {late.Fetches} fetches"));
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

    /// <summary>
    /// What the client package does: connects again when the connection was closed, and fetches what is missing when that does not come
    /// by itself within 50 to 150 ms. SignalR alone can only connect again.
    /// </summary>
    /// <returns>How often it connected again, and how often it fetched.</returns>
    private static async Task<Effort> FollowAsync(SystemUnderTest system, Audience audience, int index, CancellationToken stop)
    {
        var effort = new Effort(0, 0);
        var tab = audience.Listeners[index];
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                if (tab.IsClosed)
                {
                    await audience.ConnectOneAsync(index);
                    effort = effort with { Connects = effort.Connects + 1 };
                }

                if (!audience.HasPositions || !tab.MissesEvents) continue;
                await Task.Delay(Random.Shared.Next(50, 151), stop);
                if (!tab.MissesEvents) continue;
                await CatchUp.FetchAsync(system, tab, index);
                effort = effort with { Fetches = effort.Fetches + 1 };
            }
        }
        catch (OperationCanceledException)
        {
            // The round is over.
        }

        return effort;
    }

    private sealed record Effort(int Connects, int Fetches);
}
