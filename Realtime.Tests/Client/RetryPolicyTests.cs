using CsCheck;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Realtime.Client;
using Realtime.Client.Connection;

namespace Realtime.Tests.Client;

public sealed class RetryPolicyTests
{
    static TimeSpan? DelayOf(ExponentialBackoffRetryPolicy policy, long previous) =>
        policy.NextRetryDelay(new RetryContext { PreviousRetryCount = previous });

    [Test]
    public void Without_jitter_the_schedule_is_1_2_4_8_16_30_30_seconds() =>
        Enumerable.Range(0, 8).Select(n => DelayOf(new ExponentialBackoffRetryPolicy(jitter: 0), n)!.Value.TotalSeconds)
            .Should().Equal(1, 2, 4, 8, 16, 30, 30, 30);

    [Test]
    public void Jitter_shortens_every_attempt_the_first_one_too() =>
        Enumerable.Range(0, 6).Select(n => DelayOf(new ExponentialBackoffRetryPolicy(jitter: 0.5, () => 0.5), n)!.Value.TotalSeconds)
            .Should().Equal(0.75, 1.5, 3, 6, 12, 22.5);

    [Test]
    public void Any_wait_lies_between_the_jittered_and_the_exact_schedule()
    {
        var cases = Gen.Select(Gen.Long, Gen.Double[0, 1], Gen.Double[0, 0.999999]);
        cases.Sample((previous, jitter, u) =>
        {
            var wait = DelayOf(new ExponentialBackoffRetryPolicy(jitter, () => u), previous)!.Value;
            double ceiling = previous >= 5 ? 30 : Math.Pow(2, Math.Max(0, previous));
            wait.TotalSeconds.Should().BeInRange(ceiling * (1 - jitter) - 1e-6, ceiling);
        });
    }

    [TestCase(double.NaN)]
    [TestCase(double.PositiveInfinity)]
    [TestCase(double.NegativeInfinity)]
    [TestCase(-5)]
    [TestCase(1)]
    [TestCase(1e300)]
    public void A_misbehaving_source_of_chance_stays_within_bounds(double u) =>
        Gen.Long.Sample(previous =>
            DelayOf(new ExponentialBackoffRetryPolicy(jitter: 1, () => u), previous)!.Value
                .Should().BeGreaterThanOrEqualTo(TimeSpan.Zero).And.BeLessThanOrEqualTo(TimeSpan.FromSeconds(30)));

    [Test]
    public void A_source_that_throws_and_a_null_context_do_not_throw()
    {
        var policy = new ExponentialBackoffRetryPolicy(jitter: 0.5, () => throw new InvalidOperationException("broken"));
        policy.NextRetryDelay(null!).Should().Be(TimeSpan.FromSeconds(1));
    }

    [TestCase(long.MaxValue)]
    [TestCase(1_000_000L)]
    [TestCase(62L)]
    [TestCase(64L)]
    public void It_never_gives_up_and_never_overflows(long previous) =>
        DelayOf(new ExponentialBackoffRetryPolicy(jitter: 0), previous).Should().Be(TimeSpan.FromSeconds(30));

    [Test]
    public void It_gives_up_only_when_told_to()
    {
        var policy = new ExponentialBackoffRetryPolicy(jitter: 0, maxAttempts: 2);
        DelayOf(policy, 1).Should().Be(TimeSpan.FromSeconds(2));
        DelayOf(policy, 2).Should().BeNull();
    }

    [TestCase(-0.1)]
    [TestCase(1.1)]
    [TestCase(double.NaN)]
    public void Jitter_outside_0_to_1_is_refused(double jitter) =>
        FluentActions.Invoking(() => new ExponentialBackoffRetryPolicy(jitter)).Should().Throw<ArgumentOutOfRangeException>();

    [Test]
    public void Default_jitter_really_spreads()
    {
        var policy = new ExponentialBackoffRetryPolicy();
        var waits = Enumerable.Range(0, 200).Select(_ => DelayOf(policy, 10)!.Value.TotalSeconds).ToList();
        waits.Should().OnlyContain(w => w > 15 && w <= 30);
        (waits.Max() - waits.Min()).Should().BeGreaterThan(10);
    }

    [TestCase(-1)]
    [TestCase(5_184_000)] // 60 days
    public void A_policy_of_the_application_cannot_brick_the_connection(int seconds)
    {
        var backoff = new Backoff(new Fixed(() => TimeSpan.FromSeconds(seconds)), TimeProvider.System, NullLogger.Instance);
        backoff.Next(reason: null)!.Value.Should().BeGreaterThanOrEqualTo(TimeSpan.Zero).And.BeLessThanOrEqualTo(TimeSpan.FromDays(1));
    }

    [Test]
    public void A_policy_that_throws_is_replaced_by_the_longest_wait() =>
        new Backoff(new Fixed(() => throw new InvalidOperationException("broken")), TimeProvider.System, NullLogger.Instance)
            .Next(reason: null).Should().Be(TimeSpan.FromSeconds(30));

    [Test]
    public void Attempts_are_counted_over_all_connections_until_reset()
    {
        var backoff = new Backoff(new ExponentialBackoffRetryPolicy(jitter: 0), TimeProvider.System, NullLogger.Instance);
        new[] { backoff.Next(null), backoff.Next(null), backoff.Next(null) }.Select(d => d!.Value.TotalSeconds).Should().Equal(1, 2, 4);
        backoff.Reset();
        backoff.Next(null).Should().Be(TimeSpan.FromSeconds(1));
    }

    sealed class Fixed(Func<TimeSpan?> next) : IRetryPolicy
    {
        public TimeSpan? NextRetryDelay(RetryContext retryContext) => next();
    }
}
