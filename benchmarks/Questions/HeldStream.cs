using System.Diagnostics;
using System.Globalization;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Scenarios;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Questions;

/// <summary>Publishes of 1,000 users at a fixed rate, in turn without and with an open transaction that holds another user's stream.</summary>
internal static class HeldStream
{
    private const int Rounds = 3;
    private const double Phase = 10;

    public static async Task RunAsync(Scale scale)
    {
        var phase = TimeSpan.FromSeconds(scale.Seconds(Phase));
        await using var stage = await Stage.StartAsync();
        await using var system = await SystemUnderTest.StartAsync(stage, SystemKind.Ours);
        using var load = await PublishLoad.ConnectAsync(system, scale);
        int heldUser = load.Users; // one beyond those of the load
        using var publisher = await Publisher.ConnectAsync(system, new Ledger(heldUser + 1, lanes: 1), 0);
        await load.MeasureAsync(phase); // warm-up: creates the streams

        var ratios = new List<double>();
        for (int round = 1; round <= Rounds; round++)
        {
            var free = await load.MeasureAsync(phase);
            var hold = system.PsqlAsync(
                $"begin; select append_agent_event('{WireEvent.UserName(heldUser)}', 'briefing.delivered', '{{}}'); select pg_sleep({phase.TotalSeconds.ToString(CultureInfo.InvariantCulture)}); commit;");
            while (!(await system.PsqlAsync("select 'asleep' from pg_stat_activity where wait_event = 'PgSleep'")).Contains("asleep", StringComparison.Ordinal))
                await Task.Delay(20);
            var heldPublish = PublishAsync();
            var held = await load.MeasureAsync(phase);
            var (status, took) = await heldPublish;
            await hold;
            var (after, _) = await PublishAsync();

            ratios.Add(held.P99 / free.P99);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"round {round}: p99 held / free = {held.P99 / free.P99:0.00}, p50 held / free = {held.P50 / free.P50:0.00}; {held.Failed} of {held.Sent} others failed; the held user's own publish: {status} after {took.TotalSeconds:0.0} s, afterwards {after}"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"median p99 ratio: {ratios.Order().ElementAt(Rounds / 2):0.00} (target: at most 2)"));

        async Task<(int Status, TimeSpan Took)> PublishAsync()
        {
            long start = Stopwatch.GetTimestamp();
            await publisher.PublishAsync(heldUser);
            return (publisher.Status, Stopwatch.GetElapsedTime(start));
        }
    }
}
