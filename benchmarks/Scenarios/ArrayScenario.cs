using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>B: arrays of 100 events to as many users, beside what PostgreSQL alone takes on this machine.</summary>
internal sealed class ArrayScenario : ClosedLoopScenario
{
    private const string LimitPerSecond = "rows/s of PostgreSQL alone";
    private const string ShareOfLimit = "share of PostgreSQL alone";
    private const int Users = 2_000;
    private const int ArraySize = 100;
    private const double LimitDuration = 5;

    public override string Letter => "B";

    public override string Title => "arrays of 100 events, 8 in flight, 2,000 users";

    public override IReadOnlyList<Claim> Claims =>
    [
        Claim.AtLeast(PerSecond, 40_000),
        new(PerSecond, SystemKind.Plain),
        new(PerSecond, SystemKind.Naive),
        new(CpuPerEvent, SystemKind.Plain),
        new(ShareOfLimit, Against: null),
    ];

    protected override int InFlight => 8;

    public override async Task<Measurement> MeasureAsync(Stage stage, SystemKind kind, RunOptions options)
    {
        if (kind != SystemKind.Ours) return await base.MeasureAsync(stage, kind, options);

        double limit = await PostgresLimit.RowsPerSecondAsync(stage, options.Scale.Seconds(LimitDuration));
        var measured = await base.MeasureAsync(stage, kind, options);
        return measured with
        {
            Figures = new Dictionary<string, double>(measured.Figures) { [LimitPerSecond] = limit, [ShareOfLimit] = measured.Figures[PerSecond] / limit },
        };
    }

    // A worker has users of its own, at least an array full: so a user's events are published one after the other.
    protected override Crowd CrowdAt(Scale scale) => new(scale.Of(Users, least: InFlight * ArraySize));

    protected override ValueTask<bool> PublishAsync(Publisher worker, int number, int made, int users) => worker.PublishArrayAsync(
        [.. Enumerable.Range(made * ArraySize, ArraySize).Select(i => ClosedLoop.UserOf(number, InFlight, i, users))]);
}
