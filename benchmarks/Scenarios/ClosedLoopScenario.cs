using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Measure;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>T: how many events a second when 64 publishes are always under way.</summary>
internal sealed class ClosedLoopScenario : Scenario
{
    private const string PerSecond = "events/s";
    private const string CpuPerEvent = "CPU per event, us";
    private const int Users = 2_000;
    private const int InFlight = 64;
    private const double Duration = 10;

    public override string Letter => "T";

    public override string Title => "closed loop, 64 publishes in flight, 2,000 users";

    public override IReadOnlyList<SystemKind> Systems => [SystemKind.Ours, SystemKind.Plain, SystemKind.Naive];

    public override IReadOnlyList<Claim> Claims =>
    [
        Claim.AtLeast(PerSecond, 3.5, SystemKind.Naive),
        Claim.AtLeast(PerSecond, 0.75, SystemKind.Plain),
        Claim.AtMost(CpuPerEvent, 1.5, SystemKind.Plain),
    ];

    public override async Task<Measurement> MeasureAsync(Stage stage, SystemKind kind, RunOptions options)
    {
        int users = options.Scale.Of(Users, least: InFlight); // each in-flight publish has users of its own
        await using var system = await SystemUnderTest.StartAsync(stage, kind, new SystemOptions { Nodes = options.Nodes });
        using var audience = new Audience(system, users);
        await audience.ConnectAsync();
        var ledger = new Ledger(users, lanes: 1);
        var workers = await Publisher.ConnectAsync(system, ledger, 0, InFlight);
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

        // The deliveries belong to it: what is acknowledged but still on its way is not done.
        async Task RunAsync(double seconds)
        {
            await ClosedLoop.RunAsync(workers, seconds, (worker, number, made) => worker.PublishAsync(ClosedLoop.UserOf(number, InFlight, made, users)));
            await audience.WaitForAllAsync(ledger);
        }
    }
}
