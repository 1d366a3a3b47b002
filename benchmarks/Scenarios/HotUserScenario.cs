using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>H: many publishers to one user, whose stream gives its numbers one after the other.</summary>
internal sealed class HotUserScenario : ClosedLoopScenario
{
    public override string Letter => "H";

    public override string Title => "one hot user, 32 publishers in a closed loop";

    public override IReadOnlyList<Claim> Claims =>
    [
        Claim.AtLeast(PerSecond, 10, SystemKind.Naive),
        new(PerSecond, SystemKind.Plain),
        new(CpuPerEvent, SystemKind.Plain),
    ];

    protected override int InFlight => 32;

    protected override Crowd CrowdAt(Scale scale) => new(Users: 1, Lanes: InFlight);

    protected override ValueTask<bool> PublishAsync(Publisher worker, int number, int made, int users) => worker.PublishAsync(user: 0, lane: number);
}
