using System.Diagnostics;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>L: how late events arrive at a steady rate, and what one costs then.</summary>
internal sealed class OpenLoopScenario : Scenario
{
    private const string P50 = "p50, ms";
    private const string P99 = "p99, ms";
    private const string CpuPerEvent = "CPU per event, us";
    private const int Users = 2_000;
    private const int PerSecond = 1_000;
    private const int Connections = 64;
    private const double Duration = 15;

    public override string Letter => "L";

    public override string Title => "2,000 users, 1,000 events/s, each by its own request";

    public override IReadOnlyList<SystemKind> Systems => [SystemKind.Ours, SystemKind.Plain, SystemKind.Naive];

    public override IReadOnlyList<Claim> Claims =>
    [
        new(P50, SystemKind.Plain),
        Claim.AtMost(P99, 2.5, SystemKind.Plain),
        new(P99, SystemKind.Naive),
        Claim.AtMost(CpuPerEvent, 1.6, SystemKind.Plain),
        new(CpuPerEvent, SystemKind.Naive),
    ];

    public override async Task<Measurement> MeasureAsync(Stage stage, SystemKind kind, RunOptions options)
    {
        int users = options.Scale.Of(Users);
        int perSecond = options.Scale.Of(PerSecond, least: 50);
        await using var trial = await Trial.StartAsync(stage, kind, options.Nodes, new Crowd(users));
        using var loop = await OpenLoop.ConnectAsync(trial.System, trial.Ledger, Connections);
        await trial.RunAsync(() => loop.RunAsync(users, perSecond, options.Scale.Seconds(WarmUp.Seconds)));

        var phase = new Phase(Stopwatch.GetTimestamp());
        trial.Audience.Observe(phase);
        var cost = await trial.RunAsync(() => loop.RunAsync(users, perSecond, options.Scale.Seconds(Duration)));
        return trial.Result(
            new Dictionary<string, double>
            {
                [P50] = phase.Percentile(50),
                [P99] = phase.Percentile(99),
                [CpuPerEvent] = cost.ServerMicroseconds / phase.Count,
            },
            cost);
    }
}
