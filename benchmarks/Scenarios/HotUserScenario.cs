using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Measure;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>H: many publishers to one user, whose stream gives its numbers one after the other.</summary>
internal sealed class HotUserScenario : Scenario
{
    private const string PerSecond = "events/s";
    private const string CpuPerEvent = "CPU per event, us";
    private const int Publishers = 32;
    private const double Duration = 10;

    public override string Letter => "H";

    public override string Title => "one hot user, 32 publishers in a closed loop";

    public override IReadOnlyList<SystemKind> Systems => [SystemKind.Ours, SystemKind.Plain, SystemKind.Naive];

    public override IReadOnlyList<Claim> Claims =>
    [
        Claim.AtLeast(PerSecond, 10, SystemKind.Naive),
        new(PerSecond, SystemKind.Plain),
        new(CpuPerEvent, SystemKind.Plain),
    ];

    public override async Task<Measurement> MeasureAsync(Stage stage, SystemKind kind, RunOptions options)
    {
        await using var system = await SystemUnderTest.StartAsync(stage, kind, new SystemOptions { Nodes = options.Nodes });
        using var audience = new Audience(system, users: 1, connectionsPerUser: 1, lanes: Publishers);
        await audience.ConnectAsync();
        var ledger = new Ledger(users: 1, Publishers);
        var workers = await Publisher.ConnectAsync(system, ledger, 0, Publishers);
        await RunAsync(options.Scale.Seconds(WarmUp.Seconds));

        var meter = new Meter(system);
        var start = meter.Read();
        long before = ledger.Acknowledged;
        await RunAsync(options.Scale.Seconds(Duration));
        var cost = meter.Since(start);
        long events = ledger.Acknowledged - before;
        foreach (var worker in workers) worker.Dispose();
        return new Measurement(
            new Dictionary<string, double> { [PerSecond] = events / cost.Elapsed.TotalSeconds, [CpuPerEvent] = cost.ServerMicroseconds / events },
            audience.Audit(ledger),
            cost);

        async Task RunAsync(double seconds)
        {
            await ClosedLoop.RunAsync(workers, seconds, (worker, number, _) => worker.PublishAsync(user: 0, lane: number));
            await audience.WaitForAllAsync(ledger);
        }
    }
}
