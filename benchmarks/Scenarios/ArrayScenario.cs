using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Measure;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>B: arrays of 100 events to as many users, beside what PostgreSQL alone takes on this machine.</summary>
internal sealed class ArrayScenario : Scenario
{
    private const string PerSecond = "events/s";
    private const string CpuPerEvent = "CPU per event, us";
    private const string LimitPerSecond = "rows/s of PostgreSQL alone";
    private const string ShareOfLimit = "share of PostgreSQL alone";
    private const int Users = 2_000;
    private const int ArraySize = 100;
    private const int InFlight = 8;
    private const double Duration = 10;
    private const double LimitDuration = 5;

    public override string Letter => "B";

    public override string Title => "arrays of 100 events, 8 in flight, 2,000 users";

    public override IReadOnlyList<SystemKind> Systems => [SystemKind.Ours, SystemKind.Plain, SystemKind.Naive];

    public override IReadOnlyList<Claim> Claims =>
    [
        Claim.AtLeast(PerSecond, 40_000),
        new(PerSecond, SystemKind.Plain),
        new(PerSecond, SystemKind.Naive),
        new(CpuPerEvent, SystemKind.Plain),
        new(ShareOfLimit, Against: null),
    ];

    public override async Task<Measurement> MeasureAsync(Stage stage, SystemKind kind, RunOptions options)
    {
        // A worker has users of its own, at least an array full: so a user's events are published one after the other.
        int users = options.Scale.Of(Users, least: InFlight * ArraySize);
        double limit = kind == SystemKind.Ours ? await PostgresLimit.RowsPerSecondAsync(stage, options.Scale.Seconds(LimitDuration)) : 0;
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

        var figures = new Dictionary<string, double> { [PerSecond] = events / cost.Elapsed.TotalSeconds, [CpuPerEvent] = cost.ServerMicroseconds / events };
        if (limit > 0)
        {
            figures[LimitPerSecond] = limit;
            figures[ShareOfLimit] = figures[PerSecond] / limit;
        }

        return new Measurement(figures, audience.Audit(ledger), cost);

        async Task RunAsync(double seconds)
        {
            await ClosedLoop.RunAsync(workers, seconds, (worker, number, made) => worker.PublishArrayAsync(
                [.. Enumerable.Range(made * ArraySize, ArraySize).Select(i => ClosedLoop.UserOf(number, InFlight, i, users))]));
            await audience.WaitForAllAsync(ledger);
        }
    }
}
