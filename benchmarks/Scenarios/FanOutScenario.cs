using System.Diagnostics;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>F: one user with many connections; an event has arrived when the last of them has it.</summary>
internal sealed class FanOutScenario : Scenario
{
    private const string LastP50 = "last delivery p50, ms";
    private const string LastP99 = "last delivery p99, ms";
    private const string CpuPerDelivery = "CPU per delivery, us";
    private const int Connections = 1_000;
    private const double PerSecond = 20;
    private const int Publishers = 4;
    private const double Duration = 15;

    public override string Letter => "F";

    public override string Title => "one user with 1,000 connections, 20 events/s";

    public override IReadOnlyList<SystemKind> Systems => [SystemKind.Ours, SystemKind.Plain];

    public override IReadOnlyList<Claim> Claims =>
    [
        new(LastP50, SystemKind.Plain),
        Claim.AtMost(LastP99, 1.1, SystemKind.Plain),
        Claim.AtMost(CpuPerDelivery, 1.0, SystemKind.Plain),
    ];

    public override async Task<Measurement> MeasureAsync(Stage stage, SystemKind kind, RunOptions options)
    {
        int connections = options.Scale.Of(Connections, least: 10);
        await using var trial = await Trial.StartAsync(stage, kind, options.Nodes, new Crowd(Users: 1, connections));
        using var loop = await OpenLoop.ConnectAsync(trial.System, trial.Ledger, Publishers);
        await trial.RunAsync(() => loop.RunAsync(users: 1, PerSecond, options.Scale.Seconds(WarmUp.Seconds)));

        var arrived = new int[(int)(PerSecond * 2 * (WarmUp.Seconds + Duration))];
        Phase? phase = null;
        phase = new Phase(Stopwatch.GetTimestamp())
        {
            Also = (received, now) =>
            {
                if (Interlocked.Increment(ref arrived[received.Number]) == connections) phase!.RecordLatency(received.Scheduled, now);
            },
        };
        trial.Audience.Observe(phase);
        long before = trial.Audience.Deliveries;
        var cost = await trial.RunAsync(() => loop.RunAsync(users: 1, PerSecond, options.Scale.Seconds(Duration)));
        return trial.Result(
            new Dictionary<string, double>
            {
                [LastP50] = phase.Percentile(50),
                [LastP99] = phase.Percentile(99),
                [CpuPerDelivery] = cost.ServerMicroseconds / (trial.Audience.Deliveries - before),
            },
            cost);
    }
}
