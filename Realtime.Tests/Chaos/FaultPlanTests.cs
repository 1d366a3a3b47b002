using Realtime.Chaos.Plan;

namespace Realtime.Tests.Chaos;

public sealed class FaultPlanTests
{
    static readonly TimeSpan TwoMinutes = TimeSpan.FromMinutes(2);

    [Test]
    public void Same_options_give_the_same_faults_at_the_same_times_with_the_same_arguments() =>
        Plan(seed: 7).Should().Equal(Plan(seed: 7));

    [Test]
    public void Another_seed_gives_another_plan() => Plan(seed: 7).Should().NotEqual(Plan(seed: 8));

    [Test]
    public void Plan_of_a_seed_is_the_same_on_every_machine_and_in_every_version() =>
        Plan(seed: 1).Take(3).Select(fault => fault.ToString()).Should().Equal(
            "#001 at   6.000 s  swapped-pushes         target 3246  length 3.084 s  variant 123",
            "#002 at   9.197 s  server-kill            target 1910  length 3.159 s  variant 713",
            "#003 at  11.645 s  redis-subscriber-kill  target 39790  length 3.472 s  variant 586");

    [Test]
    public void Two_minutes_are_enough_for_every_kind([Values(1, 2, 3, 4, 5)] int seed) =>
        Plan(seed).Select(fault => fault.Kind.Name).Should().Contain(FaultKind.All.Select(kind => kind.Name));

    [Test]
    public void Long_run_has_two_hundred_faults_and_every_kind_about_as_often_as_any_other()
    {
        var faults = Plan(seed: 1, TimeSpan.FromMinutes(20));
        faults.Should().HaveCountGreaterThan(200);
        var counts = faults.CountBy(fault => fault.Kind).ToDictionary();
        counts.Should().HaveCount(FaultKind.All.Count);
        (counts.Values.Max() - counts.Values.Min()).Should().BeLessThanOrEqualTo(1);
    }

    [Test]
    public void Faults_that_share_a_part_never_overlap([Values(1, 2, 3)] int seed)
    {
        var faults = Plan(seed, TimeSpan.FromMinutes(20));
        foreach (var (earlier, i) in faults.Select((fault, i) => (fault, i)))
        {
            var freeAgain = earlier.At + TimeSpan.FromSeconds(earlier.Kind.LongestSeconds) - TimeSpan.FromMilliseconds(1);
            faults.Skip(i + 1).Where(later => (later.Kind.Parts & earlier.Kind.Parts) != Parts.None && later.At < freeAgain).Should().BeEmpty();
        }
    }

    [Test]
    public void One_kind_alone_is_all_there_is() =>
        FaultPlan.Make(1, TwoMinutes, users: 40, [FaultKind.RedisKill]).Faults.Should().NotBeEmpty().And.OnlyContain(fault => fault.Kind == FaultKind.RedisKill);

    static IReadOnlyList<PlannedFault> Plan(int seed, TimeSpan? length = null) => FaultPlan.Make(seed, length ?? TwoMinutes, users: 40, FaultKind.All).Faults;
}
