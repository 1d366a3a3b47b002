using System.Diagnostics;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Measure;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>S: what connected users cost who get nothing, in delay of the others' events and in work of PostgreSQL.</summary>
internal sealed class IdleScenario : Scenario
{
    private const string P99At1000 = "p99 beside 1,000 idle, ms";
    private const string P99At10000 = "p99 beside 10,000 idle, ms";
    private const string P99At20000 = "p99 beside 20,000 idle, ms";
    private const string Growth10000 = "p99, 10,000 idle / 1,000 idle";
    private const string Growth20000 = "p99, 20,000 idle / 1,000 idle";
    private const string PostgresAt1000 = "PostgreSQL CPU with 1,000 idle and no events, ms/s";
    private const string PostgresAt20000 = "PostgreSQL CPU with 20,000 idle and no events, ms/s";
    private const string PostgresLoaded = "PostgreSQL CPU of 500 events/s, ms/s";
    private const string ServersAt20000 = "CPU of all servers with 20,000 idle and no events, ms/s";
    private const int Active = 500;
    private const int PerSecond = 500;
    private const int Connections = 32;

    /// <summary>A process may open some 20,000 files on many systems.</summary>
    private const int Nodes = 2;
    private const double Quiet = 10;
    private const double Duration = 15;

    public override string Letter => "S";

    public override string Title => "1,000, 10,000 and 20,000 idle connections on two nodes, 500 events/s to 500 others";

    public override IReadOnlyList<SystemKind> Systems => [SystemKind.Ours, SystemKind.Plain];

    public override IReadOnlyList<Claim> Claims =>
    [
        Claim.AtMost(Growth10000, 2),
        Claim.AtMost(Growth20000, 2),
        new(P99At20000, SystemKind.Plain),
        new(ServersAt20000, SystemKind.Plain),
    ];

    public override async Task<Measurement> MeasureAsync(Stage stage, SystemKind kind, RunOptions options)
    {
        int users = options.Scale.Of(Active, least: 5);
        int perSecond = options.Scale.Of(PerSecond, least: 50);
        await using var trial = await Trial.StartAsync(stage, kind, Nodes, new Crowd(users));
        await using var crowd = new IdleCrowd();
        using var loop = await OpenLoop.ConnectAsync(trial.System, trial.Ledger, Connections);
        await trial.RunAsync(() => loop.RunAsync(users, perSecond, options.Scale.Seconds(WarmUp.Seconds)));

        var few = await MeasureAsync(1_000);
        var many = await MeasureAsync(10_000);
        var most = await MeasureAsync(20_000);
        return trial.Result(
            new Dictionary<string, double>
            {
                [P99At1000] = few.P99,
                [P99At10000] = many.P99,
                [P99At20000] = most.P99,
                [Growth10000] = many.P99 / few.P99,
                [Growth20000] = most.P99 / few.P99,
                [PostgresAt1000] = PerSecondOf(few.Quiet, few.Quiet.Postgres),
                [PostgresAt20000] = PerSecondOf(most.Quiet, most.Quiet.Postgres),
                [PostgresLoaded] = PerSecondOf(few.Loaded, few.Loaded.Postgres),
                [ServersAt20000] = PerSecondOf(most.Quiet, most.Quiet.Servers),
            },
            most.Loaded);

        async Task<(double P99, Cost Quiet, Cost Loaded)> MeasureAsync(int idle)
        {
            await crowd.GrowToAsync(trial.System, options.Scale.Of(idle));
            var meter = new Meter(trial.System, crowd.ProcessIds);
            await Task.Delay(TimeSpan.FromSeconds(options.Scale.Seconds(2)));
            var start = meter.Read();
            await Task.Delay(TimeSpan.FromSeconds(options.Scale.Seconds(Quiet)));
            var quiet = meter.Since(start);

            var phase = new Phase(Stopwatch.GetTimestamp());
            trial.Audience.Observe(phase);
            var loaded = await trial.RunAsync(() => loop.RunAsync(users, perSecond, options.Scale.Seconds(Duration)), crowd.ProcessIds);
            return (phase.Percentile(99), quiet, loaded);
        }
    }

    private static double PerSecondOf(Cost cost, TimeSpan cpu) => cpu.TotalMilliseconds / cost.Elapsed.TotalSeconds;
}
