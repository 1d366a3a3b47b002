using System.Globalization;
using Realtime.Benchmarks.Measure;
using Realtime.Benchmarks.Scenarios;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Report;

/// <summary>Runs scenarios, each system in turn within each round, and reports.</summary>
internal static class ScenarioRun
{
    /// <returns>Exit code: 1 when our server lost an event.</returns>
    public static async Task<int> RunAsync(RunOptions options)
    {
        var scenarios = ScenarioList.Named(options.Scenarios);
        string machine = string.Create(CultureInfo.InvariantCulture,
            $"{Environment.ProcessorCount} cores shared by load generator and servers; one fdatasync of 4 KiB takes {DiskSync.MedianMicroseconds():0} us; {options.Nodes} server node(s); {options.Rounds} rounds, scale {options.Scale.Factor}.");
        Console.WriteLine(machine);
        await using var stage = await Stage.StartAsync();
        var results = new List<ScenarioResult>();
        foreach (var scenario in scenarios)
        {
            var result = await RunAsync(scenario, stage, options);
            results.Add(result);
            foreach (string line in result.Lines()) Console.WriteLine(line);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{scenario.Letter}: ours: {result.OurTally}; at most {result.GeneratorShare:P0} of the machine for the generator, {result.StrangersShare:P0} for strangers"));
        }

        Console.WriteLine();
        Console.WriteLine(PerformancePage.Table(results, machine, []));
        if (options.Writes) PerformancePage.Write(results, machine);
        return results.Any(r => r.OurTally.Lost > 0) ? 1 : 0;
    }

    private static async Task<ScenarioResult> RunAsync(Scenario scenario, Stage stage, RunOptions options)
    {
        Console.WriteLine($"\n{scenario.Letter}: {scenario.Title}");
        var systems = scenario.Systems.Where(s => options.Systems.Count == 0 || options.Systems.Contains(s)).ToList();
        var rounds = new List<IReadOnlyDictionary<SystemKind, Measurement>>();
        for (int round = 0; round < Math.Min(options.Rounds, scenario.MostRounds); round++)
        {
            var measured = new Dictionary<SystemKind, Measurement>();
            for (int turn = 0; turn < systems.Count; turn++)
            {
                var kind = systems[(round + turn) % systems.Count]; // nobody is always the first
                measured[kind] = await scenario.MeasureAsync(stage, kind, options);
                Console.WriteLine($"{scenario.Letter} round {round + 1} {kind.Name(),-10} {Describe(measured[kind])}");
            }

            rounds.Add(measured);
        }

        return new ScenarioResult(scenario, rounds);
    }

    private static string Describe(Measurement measured)
    {
        string figures = string.Join(", ", measured.Figures.Select(f => $"{f.Key} {ScenarioResult.Show(f.Value)}"));
        var cost = measured.Cost;
        return string.Create(CultureInfo.InvariantCulture,
            $"{figures}; {measured.Tally}; machine: servers {cost.ServerShare:P0} (nodes {cost.Nodes.TotalSeconds:0.00} s, redis {cost.Redis.TotalSeconds:0.00} s, postgres {cost.Postgres.TotalSeconds:0.00} s), generator {cost.GeneratorShare:P0}, strangers {cost.StrangersShare:P0}");
    }
}
