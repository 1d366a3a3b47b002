using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Measure;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>G: the same questions to a store of ten million events and to one that is all but empty, in turn.</summary>
internal sealed class LargeStoreScenario : Scenario
{
    private const int OfOne = 1_000_000;
    private const int Others = 900;
    private const int SmallStore = 20_000;
    private const int Passes = 5;
    private const int Times = 200;
    private const int TrimTimes = 10;
    private static readonly string[] Questions =
    [
        StoreQuestions.Append, StoreQuestions.After, StoreQuestions.AfterMiddle, StoreQuestions.Since, StoreQuestions.Activity, StoreQuestions.Head, StoreQuestions.Retention,
    ];

    public override string Letter => "G";

    public override string Title => "10,000,000 events, 1,000,000 of one user, beside 20,000 of one user";

    public override IReadOnlyList<SystemKind> Systems => [SystemKind.Ours];

    /// <summary>Filling takes minutes, and the passes within are the rounds.</summary>
    public override int MostRounds => 1;

    public override IReadOnlyList<Claim> Claims => [.. Questions.Select(q => Claim.AtMost(Growth(q), 1.2))];

    public override async Task<Measurement> MeasureAsync(Stage stage, SystemKind kind, RunOptions options)
    {
        // The large one first: filling it takes minutes, and a server closes a connection that asks nothing for so long.
        await using var large = await StoreQuestions.StartAsync(stage, new StoreFilling(options.Scale.Of(OfOne, least: SmallStore), options.Scale.Of(Others)));
        await using var small = await StoreQuestions.StartAsync(stage, new StoreFilling(SmallStore, Others: 0));
        int times = options.Scale.Of(Times, least: 20);
        foreach (string question in Questions)
        {
            await small.AskAsync(question, TimesOf(question, times));
            await large.AskAsync(question, TimesOf(question, times));
        }

        var meter = new Meter(large.System);
        var start = meter.Read();
        var ratios = Questions.ToDictionary(q => q, _ => new List<double>());
        var milliseconds = Questions.ToDictionary(q => q, _ => new List<double>());
        for (int pass = 0; pass < Passes; pass++)
        {
            foreach (string question in Questions)
            {
                double before = await small.AskAsync(question, TimesOf(question, times));
                double filled = await large.AskAsync(question, TimesOf(question, times));
                ratios[question].Add(filled / before);
                milliseconds[question].Add(filled);
            }
        }

        var cost = meter.Since(start);
        await small.Audience.WaitForAllAsync(small.Ledger);
        await large.Audience.WaitForAllAsync(large.Ledger);
        var figures = new Dictionary<string, double>();
        foreach (string question in Questions)
        {
            figures[$"{question}, ms"] = Median(milliseconds[question]);
            figures[Growth(question)] = Median(ratios[question]);
        }

        return new Measurement(figures, small.Audience.Audit(small.Ledger) + large.Audience.Audit(large.Ledger), cost);
    }

    private static string Growth(string question) => $"{question}: full store / empty store";

    private static int TimesOf(string question, int times) => question == StoreQuestions.Retention ? TrimTimes : times;

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
