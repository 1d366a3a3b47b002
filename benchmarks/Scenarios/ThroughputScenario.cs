using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>T: single events, 64 publishes always under way.</summary>
internal sealed class ThroughputScenario : ClosedLoopScenario
{
    private const int Users = 2_000;

    public override string Letter => "T";

    public override string Title => "closed loop, 64 publishes in flight, 2,000 users";

    public override IReadOnlyList<Claim> Claims =>
    [
        Claim.AtLeast(PerSecond, 3.5, SystemKind.Naive),
        Claim.AtLeast(PerSecond, 0.75, SystemKind.Plain),
        Claim.AtMost(CpuPerEvent, 1.5, SystemKind.Plain),
    ];

    protected override int InFlight => 64;

    protected override Crowd CrowdAt(Scale scale) => new(scale.Of(Users, least: InFlight)); // each publish in flight has users of its own

    protected override ValueTask<bool> PublishAsync(Publisher worker, int number, int made, int users) =>
        worker.PublishAsync(ClosedLoop.UserOf(number, InFlight, made, users));
}
