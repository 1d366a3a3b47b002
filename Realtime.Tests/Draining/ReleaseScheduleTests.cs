using Realtime.Server.Draining;

namespace Realtime.Tests.Draining;

/// <summary>Who is released when, without a clock.</summary>
public sealed class ReleaseScheduleTests
{
    static readonly TimeSpan Lead = TimeSpan.FromSeconds(1);
    static readonly TimeSpan Window = TimeSpan.FromSeconds(11);
    static readonly string[] Hundred = [.. Enumerable.Range(0, 100).Select(i => $"c{i}")];

    [Test]
    public void Every_equal_share_of_the_window_after_the_lead_releases_one()
    {
        var released = Released(Schedule(seed: 1, Hundred), before: Window);

        released.Should().HaveCount(100);
        released.Select(r => (int)((r.Due - Lead) / ((Window - Lead) / 100))).Should().Equal(Enumerable.Range(0, 100));
        released.Select(r => r.Id).Should().BeEquivalentTo(Hundred);
    }

    [Test]
    public void The_order_is_random()
    {
        var first = Released(Schedule(seed: 1, Hundred), Window).Select(r => r.Id).ToList();
        var second = Released(Schedule(seed: 2, Hundred), Window).Select(r => r.Id).ToList();

        first.Should().NotEqual(Hundred);
        first.Should().NotEqual(second);
    }

    [Test]
    public void Nobody_is_released_before_his_time_and_nobody_twice()
    {
        var schedule = Schedule(seed: 1, Hundred);

        Released(schedule, before: Lead).Should().BeEmpty();
        var early = Released(schedule, before: TimeSpan.FromSeconds(6));
        schedule.Add(Hundred, TimeSpan.FromSeconds(6)); // those who are still here are looked at again and again
        var late = Released(schedule, before: Window);

        early.Should().HaveCount(50);
        early.Concat(late).Select(r => r.Id).Should().BeEquivalentTo(Hundred);
    }

    [Test]
    public void Who_joins_late_gets_a_time_in_what_is_left_and_after_the_window_at_once()
    {
        var schedule = Schedule(seed: 3, Hundred);
        var random = new List<TimeSpan>();
        for (int i = 0; i < 50; i++)
        {
            schedule.Add([$"late{i}"], TimeSpan.FromSeconds(8));
        }

        random.AddRange(Released(schedule, Window).Where(r => r.Id.StartsWith("late", StringComparison.Ordinal)).Select(r => r.Due));
        schedule.Add(["too late"], Window + TimeSpan.FromSeconds(1));

        random.Should().HaveCount(50).And.OnlyContain(due => due >= TimeSpan.FromSeconds(8) && due < Window);
        random.Distinct().Should().HaveCountGreaterThan(40);
        Released(schedule, Window + TimeSpan.FromSeconds(2)).Should().Equal(("too late", Window + TimeSpan.FromSeconds(1)));
    }

    [TestCase(0, 0)]
    [TestCase(3, 0.3)]
    [TestCase(20, 2)]
    [TestCase(600, 2)]
    public void The_lead_is_a_tenth_of_the_window_and_at_most_two_seconds(double window, double lead) =>
        Drain.LeadOf(TimeSpan.FromSeconds(window)).Should().Be(TimeSpan.FromSeconds(lead));

    static ReleaseSchedule Schedule(int seed, IEnumerable<string> present)
    {
        var schedule = new ReleaseSchedule(Lead, Window, new Random(seed).NextDouble);
        schedule.Add(present, TimeSpan.Zero);
        return schedule;
    }

    static List<(string Id, TimeSpan Due)> Released(ReleaseSchedule schedule, TimeSpan before)
    {
        var released = new List<(string, TimeSpan)>();
        while (schedule.TryTake(before, out string? id, out var due)) released.Add((id, due));
        return released;
    }
}
