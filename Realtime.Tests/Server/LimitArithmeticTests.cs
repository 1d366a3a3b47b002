using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Time.Testing;
using Realtime.Server;
using Realtime.Server.Limits;

namespace Realtime.Tests.Server;

/// <summary>The arithmetic behind the limits, by a clock that the test moves.</summary>
public sealed class LimitArithmeticTests
{
    readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));

    [Test]
    public void Refused_connects_are_spread_over_as_long_as_it_takes_to_admit_them()
    {
        var comeBack = new ComeBack(perSecond: 100, _time, () => 0.999);

        comeBack.Next().Should().Be(2, "one alone has not long to wait");
        var all = Enumerable.Range(0, 999).Select(_ => comeBack.Next()).ToList();
        all[^1].Should().Be(10, "a thousand take ten seconds");
        _time.Advance(TimeSpan.FromSeconds(5));
        comeBack.Next().Should().Be(6, "half of them have been admitted");
        for (int i = 0; i < 10_000; i++) comeBack.Next().Should().BeLessThanOrEqualTo(ComeBack.LongestSeconds);
        _time.Advance(TimeSpan.FromHours(1));
        comeBack.Next().Should().Be(2);
        new ComeBack(100, _time, () => 0).Next().Should().Be(1, "nobody is told to come back at once");
    }

    [Test]
    public void Calls_are_allowed_then_refused_then_the_end_and_a_caller_that_heeds_it_recovers()
    {
        var budget = new CallBudget();
        Verdicts(budget, 25).Should().Equal([.. Enumerable.Repeat(CallVerdict.Allowed, 10), .. Enumerable.Repeat(CallVerdict.Refused, 9), .. Enumerable.Repeat(CallVerdict.Exhausted, 6)]);

        var heeding = new CallBudget();
        Verdicts(heeding, 15)[^1].Should().Be(CallVerdict.Refused);
        _time.Advance(TimeSpan.FromSeconds(3));
        Verdicts(heeding, 1).Should().Equal(CallVerdict.Allowed);
        _time.Advance(TimeSpan.FromDays(1));
        Verdicts(heeding, 11).Should().Equal([.. Enumerable.Repeat(CallVerdict.Allowed, 10), CallVerdict.Refused], "it holds no more than five seconds' worth");
        Enumerable.Range(0, 1000).Should().OnlyContain(_ => new CallBudget().Take(0, _time) == CallVerdict.Allowed, "0 is no limit");
    }

    [Test]
    public void Buckets_of_single_users_are_apart_and_a_question_takes_nothing()
    {
        using var buckets = TokenBuckets.OfEach(perSecond: 3)!;
        int granted = 0;
        while (granted < 10_000 && buckets.AttemptAcquire("anna").IsAcquired) granted++;

        granted.Should().BeInRange(6, 9_999, "two seconds' worth, and what came in meanwhile");
        buckets.AttemptAcquire("berta", permitCount: 0).IsAcquired.Should().BeTrue();
        buckets.GetStatistics("berta")!.CurrentAvailablePermits.Should().Be(6);
        TokenBuckets.OfEach(perSecond: 0).Should().BeNull("0 is no limit");
    }

    [Test]
    public void Limits_that_make_no_sense_are_all_named()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Realtime:MaxConnectionsPerUser"] = "-1",
            ["Realtime:MaxHubMessageBytes"] = "10",
            ["Realtime:SlowReaderTimeout"] = "0",
            ["Realtime:RateLimits:ConnectsPerSecond"] = "-5",
        }).Build();
        var options = new RealtimeOptions();
        configuration.GetSection(RealtimeOptions.Section).Bind(options);

        options.Faults().Should().HaveCount(4).And.Contain(f => f.StartsWith("Realtime:RateLimits:ConnectsPerSecond is -5", StringComparison.Ordinal));
    }

    List<CallVerdict> Verdicts(CallBudget budget, int calls) => [.. Enumerable.Range(0, calls).Select(_ => budget.Take(perSecond: 2, _time))];
}
