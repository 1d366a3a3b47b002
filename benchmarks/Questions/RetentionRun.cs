using System.Globalization;
using Realtime.Benchmarks.Scenarios;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Questions;

/// <summary>Publishes of 1,000 users at a fixed rate, before, while and after the retention job trims 1,000,000 events of 1,000 other streams.</summary>
internal static class RetentionRun
{
    private const int Rounds = 1; // a million rows take minutes; the phases before and after are the baseline
    private const int Streams = 1_000;
    private const int EventsPerStream = 1_000;
    private const double WarmUp = 15;
    private const double Phase = 10;
    private const double Trimming = 90;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static async Task RunAsync(Scale scale)
    {
        int streams = scale.Of(Streams);
        var phase = TimeSpan.FromSeconds(scale.Seconds(Phase));
        var trimmingTime = TimeSpan.FromSeconds(scale.Seconds(Trimming));
        await using var stage = await Stage.StartAsync();
        var ratios = new List<double>();
        for (int round = 1; round <= Rounds; round++)
        {
            // The nodes start after the seeding: the job's first run is a minute away.
            await using var system = await SystemUnderTest.StartAsync(stage, SystemKind.Ours, new SystemOptions { Prepare = execute => SeedAsync(execute, streams) });
            using var load = await PublishLoad.ConnectAsync(system, scale);
            await load.MeasureAsync(TimeSpan.FromSeconds(scale.Seconds(WarmUp)));
            var free = await load.MeasureAsync(phase);
            await WaitAsync(system, left => left < (long)streams * EventsPerStream);
            long before = await LeftAsync(system);
            var trimming = await load.MeasureAsync(trimmingTime);
            long after = await LeftAsync(system);

            await WaitAsync(system, left => left == 0);
            var freeAgain = await load.MeasureAsync(phase);

            // The better of both: whatever else disturbs the machine is not to flatter the ratio.
            if (freeAgain.P99 < free.P99) free = freeAgain;
            ratios.Add(trimming.P99 / free.P99);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"round {round}: p99 trimming / free = {trimming.P99 / free.P99:0.00}, p50 {trimming.P50 / free.P50:0.00}; {trimming.Failed} of {trimming.Sent} failed; {before - after} events trimmed meanwhile ({(before - after) / trimmingTime.TotalSeconds:0}/s), {after} still to trim"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"median p99 ratio: {ratios.Order().ElementAt(Rounds / 2):0.00} (target: at most 2)"));
    }

    private static Task SeedAsync(Func<string, Task> execute, int streams) => execute(string.Create(CultureInfo.InvariantCulture,
        $"""
        insert into realtime.streams (user_id, sequence, last_time, retained_since)
            select 'old_' || u, {EventsPerStream}, now() - interval '40 days' + {EventsPerStream} * interval '1 s', now() - interval '40 days'
            from generate_series(1, {streams}) as u;
        insert into realtime.events (user_id, sequence, id, type, time, data, size)
            select 'old_' || u, s, gen_random_uuid(), 'briefing.delivered', now() - interval '40 days' + s * interval '1 s', to_json(repeat('s', 400)), 402
            from generate_series(1, {EventsPerStream}) as s, generate_series(1, {streams}) as u;
        vacuum analyze realtime.events, realtime.streams;
        checkpoint;
        """));

    private static async Task WaitAsync(SystemUnderTest system, Func<long, bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        while (!condition(await LeftAsync(system))) await timer.WaitForNextTickAsync(limit.Token);
    }

    private static async Task<long> LeftAsync(SystemUnderTest system) =>
        long.Parse((await system.PsqlAsync("select count(*) from realtime.events where user_id like 'old_%'")).Trim(), CultureInfo.InvariantCulture);
}
