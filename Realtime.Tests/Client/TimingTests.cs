using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Realtime.Client;
using Realtime.Client.Connection;
using Realtime.Client.Ordering;
using Realtime.Client.Recovery;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Client;

public sealed class TimingTests
{
    readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 23, 3, 0, 0, TimeSpan.Zero));

    [TestCase(0.0, 50)]
    [TestCase(0.5, 100)]
    [TestCase(0.999999, 150)]
    public void Gap_is_held_50_to_150_ms_before_it_is_fetched(double jitter, int milliseconds)
    {
        var schedule = Schedule(() => jitter);
        schedule.DueIn().Should().BeNull();
        schedule.SoonUnlessClosed().Should().BeTrue();
        schedule.DueIn()!.Value.TotalMilliseconds.Should().BeApproximately(milliseconds, 1);
        schedule.SoonUnlessClosed().Should().BeFalse();
    }

    [Test]
    public void Gap_that_closes_by_itself_is_not_fetched()
    {
        var schedule = Schedule();
        schedule.SoonUnlessClosed();
        schedule.Progressed();
        schedule.DueIn().Should().BeNull();
    }

    [Test]
    public void Question_about_a_foreign_epoch_is_asked_even_when_events_go_on()
    {
        var schedule = Schedule();
        schedule.SoonUnlessClosed();
        schedule.Soon();
        schedule.Progressed();
        schedule.DueIn().Should().NotBeNull();
    }

    [Test]
    public void Failing_fetches_wait_ever_longer_up_to_30_s_and_are_not_hurried()
    {
        var schedule = Schedule(() => 0);
        Enumerable.Range(0, 7).Select(_ => schedule.Failed().TotalSeconds).Should().Equal(1, 2, 4, 8, 16, 30, 30);
        schedule.Now();
        schedule.DueIn().Should().Be(TimeSpan.FromSeconds(30));
        _time.Advance(TimeSpan.FromSeconds(31));
        schedule.DueIn()!.Value.Should().BeLessThan(TimeSpan.Zero);
        schedule.Succeeded();
        schedule.DueIn().Should().BeNull();
    }

    [Test]
    public void Second_loss_in_a_row_does_not_become_a_tight_loop()
    {
        var schedule = Schedule(() => 0);
        schedule.Lost();
        schedule.DueIn().Should().Be(TimeSpan.Zero);
        schedule.Lost();
        schedule.DueIn().Should().Be(TimeSpan.FromSeconds(1));
    }

    [TestCase(0.0, 45)]
    [TestCase(0.999999, 57)]
    public void Token_is_renewed_between_75_and_95_percent_of_its_life(double jitter, int seconds) =>
        TokenExpiry.RenewIn(Jwt($$"""{"exp":{{_time.GetUtcNow().ToUnixTimeSeconds() + 60}}}"""), _time.GetUtcNow(), () => jitter)!
            .Value.TotalSeconds.Should().BeApproximately(seconds, 0.01);

    [TestCase("opaque")]
    [TestCase("a.b.c")]
    [TestCase("")]
    [TestCase(null)]
    public void Token_without_a_readable_expiry_is_not_renewed(string? token) =>
        TokenExpiry.RenewIn(token, _time.GetUtcNow(), () => 0).Should().BeNull();

    [TestCase("{}")]
    [TestCase("[]")]
    [TestCase("{\"exp\":\"soon\"}")]
    [TestCase("{\"exp\":1e300}")]
    [TestCase("{\"exp\":-1}")]
    public void Token_with_an_odd_payload_is_not_renewed(string payload) =>
        TokenExpiry.RenewIn(Jwt(payload), _time.GetUtcNow(), () => 0).Should().BeNull();

    [Test]
    public async Task Live_buffer_that_overflows_notes_the_loss_and_takes_in_again()
    {
        var live = new LiveBuffer(capacity: 2, _time, new WakeSignal(_time));
        for (int i = 0; i < 4; i++) live.AddEvent(new PushedEvent(Envelope: null));
        await live.WaitAsync(limit: null, CancellationToken.None).WithinDeadline();

        var batch = live.Take()!;
        batch.HasLost.Should().BeTrue();
        batch.Events.Should().ContainSingle();
        live.Take().Should().BeNull();
    }

    [Test]
    public void Of_heads_of_one_history_the_lowest_and_the_highest_count()
    {
        var live = new LiveBuffer(capacity: 2, _time, new WakeSignal(_time));
        foreach (string head in new[] { "a.5", "a.9", "b.1", "a.7" }) live.AddHead(StreamPosition.Parse(head));
        live.AddBarrier(new BarrierHead(3, StreamPosition.Parse("a.1")));

        var batch = live.Take()!;
        batch.Heads.Select(h => h.ToString()).Should().Equal("a.5", "a.9", "b.1");
        batch.Barrier.Should().Be(new BarrierHead(3, StreamPosition.Parse("a.1")));
    }

    [Test]
    public async Task Wait_for_the_live_buffer_ends_by_the_injected_clock()
    {
        var live = new LiveBuffer(capacity: 2, _time, new WakeSignal(_time));
        var waiting = live.WaitAsync(TimeSpan.FromSeconds(5), CancellationToken.None);
        waiting.IsCompleted.Should().BeFalse();
        _time.Advance(TimeSpan.FromSeconds(5));
        await waiting.WithinDeadline();
    }

    [Test]
    public async Task Only_allowed_moves_change_the_state_and_all_are_published_in_order()
    {
        var published = new List<ConnectionState>();
        var queue = new NotificationQueue<ConnectionStateChangedEventArgs>(c => published.Add(c.Current.State), NullLogger.Instance);
        var states = new ConnectionStateMachine(_time, queue, NullLogger.Instance);

        states.TryMove(ConnectionState.Live, "too early").Should().BeFalse();
        states.TryMove(ConnectionState.Connecting, "go").Should().BeTrue();
        int first = states.Connected("first");
        states.TryMove(ConnectionState.Reconnecting, "cut", nextAttemptIn: TimeSpan.FromSeconds(2)).Should().BeTrue();
        states.Current.NextAttemptAt.Should().Be(_time.GetUtcNow() + TimeSpan.FromSeconds(2));
        int second = states.Connected("second");
        states.TryMove(ConnectionState.Live, "a decision made for the first connection", generation: first).Should().BeFalse();
        states.TryMove(ConnectionState.Live, "caught up", generation: second).Should().BeTrue();
        states.TryMove(ConnectionState.Stopped, "end").Should().BeTrue();
        states.TryMove(ConnectionState.Connecting, "after the end").Should().BeFalse();

        queue.Complete();
        await queue.RunAsync().WithinDeadline();
        published.Should().Equal(
            ConnectionState.Connecting, ConnectionState.CatchingUp, ConnectionState.Reconnecting, ConnectionState.CatchingUp, ConnectionState.Live, ConnectionState.Stopped);
    }

    FetchSchedule Schedule(Func<double>? jitter = null) =>
        new(_time, jitter ?? (() => 0), TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(150));

    static string Jwt(string payload) => $"e30.{System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}.c2ln";
}
