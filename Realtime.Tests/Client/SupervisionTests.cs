using System.Collections.Concurrent;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.Time.Testing;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Client;

/// <summary>Who watches the connection: stuck ones are replaced, flapping ones wait ever longer, and nobody is live too early.</summary>
public sealed class SupervisionTests
{
    readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 23, 3, 0, 0, TimeSpan.Zero));
    FakeHubServer _server = null!;

    [SetUp]
    public async Task StartServer() => _server = await FakeHubServer.StartedAsync();

    [TearDown]
    public async Task StopServer() => await _server.DisposeAsync();

    [Test]
    public async Task Connection_that_begins_no_attempt_60_s_after_the_announced_one_is_built_anew()
    {
        // SignalR waits by the real clock, so for the client's clock its attempt never begins.
        var announced = TimeSpan.FromMinutes(10);
        var connectTimeout = TimeSpan.FromSeconds(15);
        var policy = new RecordingPolicy(previous => previous == 0 ? announced : TimeSpan.FromSeconds(1));
        await using var run = await ClientRun.LiveAsync(_server.Url, o =>
        {
            o.TimeProvider = _time;
            o.RetryPolicy = policy;
            o.ConnectTimeout = connectTimeout;
        });
        _server.Cut();
        await Eventually.Async("the client waits for SignalR's attempt", () => run.Client.Status.State == ConnectionState.Reconnecting);
        run.Client.Status.NextAttemptAt.Should().Be(run.Client.Status.Since + announced);
        _server.Stream.Append(2);

        var waited = TimeSpan.Zero;
        await AdvanceUntilAsync("the stuck connection is given up", () => IsLogged(run, "has begun no attempt"), step => waited += step);
        waited.Should().BeGreaterThanOrEqualTo(announced + TimeSpan.FromSeconds(60));
        await AdvanceUntilAsync("another connection is live", () => run.TimesCaughtUp == 2, during: () => IsWaiting(run));

        _server.HandshakeTokens.Should().HaveCount(2);
        await _server.PublishAsync();
        await run.UntilSeenAsync(3);
        run.Sequences.Should().Equal(1, 2, 3);
    }

    [Test]
    public async Task Flapping_server_keeps_the_backoff_until_a_connection_was_live_for_a_while()
    {
        var policy = new RecordingPolicy(_ => TimeSpan.FromMilliseconds(20));
        await using var run = await ClientRun.LiveAsync(_server.Url, o =>
        {
            o.TimeProvider = _time;
            o.RetryPolicy = policy;
        });
        for (int flap = 1; flap <= 4; flap++)
        {
            _time.Advance(TimeSpan.FromSeconds(9.9)); // live, but not long enough
            await CutAndReturnAsync(run, flap);
        }

        policy.Attempts.Should().Equal(0, 1, 2, 3);
        _time.Advance(TimeSpan.FromSeconds(10));
        await CutAndReturnAsync(run, 5);
        policy.Attempts.Should().Equal(0, 1, 2, 3, 0);
    }

    [Test]
    public async Task Connection_that_never_caught_up_does_not_reset_the_backoff_however_long_it_stood()
    {
        var policy = new RecordingPolicy(_ => TimeSpan.FromMilliseconds(20));
        _server.OnGetHead = () => throw new Microsoft.AspNetCore.SignalR.HubException(HubErrors.StoreUnavailable);
        await using var run = await ClientRun.StartAsync(_server.Url, o =>
        {
            o.TimeProvider = _time;
            o.RetryPolicy = policy;
        });
        for (int connection = 1; connection <= 3; connection++)
        {
            int handshakes = connection;
            await Eventually.Async("it is connected and catching up", () => _server.HandshakeTokens.Count == handshakes && run.Client.Status.State == ConnectionState.CatchingUp);
            await _server.WaitForConnectionAsync(handshakes);
            _time.Advance(TimeSpan.FromMinutes(5));
            _server.Cut();
            await Eventually.Async("the cut is noticed", () => policy.Attempts.Count >= handshakes);
        }

        policy.Attempts.Take(3).Should().Equal(0, 1, 2);
        run.TimesCaughtUp.Should().Be(0);
    }

    [Test]
    public async Task Stable_connection_that_fell_behind_before_it_dropped_begins_the_schedule_anew_once()
    {
        var policy = new RecordingPolicy(_ => TimeSpan.FromMilliseconds(20));
        using var gate = new SemaphoreSlim(0);
        await using var run = await ClientRun.LiveAsync(
            _server.Url,
            o =>
            {
                o.TimeProvider = _time;
                o.RetryPolicy = policy;
                o.LiveBufferCapacity = 1;
                o.IdleCheckInterval = TimeSpan.FromSeconds(1);
            },
            handler: e => e.Position.Sequence == 1 ? gate.WaitAsync().WithinDeadline() : Task.CompletedTask);
        await CutAndReturnAsync(run, 1);
        _time.Advance(TimeSpan.FromSeconds(11));
        for (int i = 0; i < 5; i++) await _server.PublishAsync(); // overflows while the first is at work
        await _server.WaitForReceiptAsync(meanwhile: () => _time.Advance(TimeSpan.FromMilliseconds(100)));
        gate.Release();
        await AdvanceUntilAsync("it has caught up again", () => run.Seen.Count == 5 && run.Client.Status.State == ConnectionState.Live, step: TimeSpan.FromMilliseconds(50));
        run.States.Should().Contain(s => s.Reason == "fell behind the stream");

        await CutAndReturnAsync(run, 2);
        await CutAndReturnAsync(run, 3);
        policy.Attempts.Should().Equal(0, 0, 1);
    }

    [Test]
    public async Task Initial_connect_waits_by_the_same_schedule_as_every_other()
    {
        await _server.StopAsync();
        await using var run = ClientRun.Create(_server.Url, o =>
        {
            o.TimeProvider = _time;
            o.RetryPolicy = new ExponentialBackoffRetryPolicy(jitter: 0);
        });
        var starting = run.Client.StartAsync();
        await AdvanceUntilAsync("seven attempts have failed", () => Waits(run).Count >= 7, during: () => IsWaiting(run));

        Waits(run).Take(7).Select(w => w.TotalSeconds).Should().Equal(1, 2, 4, 8, 16, 30, 30);
        starting.IsCompleted.Should().BeFalse();
        await _server.StartAsync();
        await AdvanceUntilAsync("it is live", () => run.TimesCaughtUp == 1, during: () => IsWaiting(run));
        await starting.WithinDeadline();
    }

    [Test]
    public async Task Client_is_live_only_when_the_head_is_known_and_everything_up_to_it_is_processed()
    {
        _server.Stream.Append(3);
        var head = new TaskCompletionSource<StreamPosition>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var gate = new SemaphoreSlim(0);
        _server.OnGetHead = () => head.Task;
        var seenWhenCaughtUp = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var run = ClientRun.Create(
            _server.Url,
            o => o.StartFrom = StartFrom.Beginning,
            handler: e => e.Position.Sequence == 3 ? gate.WaitAsync().WithinDeadline() : Task.CompletedTask);
        run.Client.CaughtUp += (_, _) => seenWhenCaughtUp.TrySetResult(run.Seen.Count);
        await run.Client.StartAsync().WithinDeadline();
        await run.UntilSeenAsync(2);
        await Eventually.Async("it is connected", () => run.Client.Status.State == ConnectionState.CatchingUp);

        head.SetResult(_server.Stream.Head);
        run.TimesCaughtUp.Should().Be(0, "the third event is still at work");
        gate.Release();
        (await seenWhenCaughtUp.Task.WithinDeadline()).Should().Be(3);
    }

    [Test]
    public async Task Connection_whose_barrier_is_never_answered_is_replaced()
    {
        int asked = 0;
        var never = new TaskCompletionSource<StreamPosition>();
        _server.OnGetHead = () => Interlocked.Increment(ref asked) == 1 ? never.Task : Task.FromResult(_server.Stream.Head);
        await using var run = await ClientRun.LiveAsync(_server.Url, o => o.RequestTimeout = TimeSpan.FromSeconds(4)); // long enough for the second one's answer

        _server.HandshakeTokens.Should().HaveCount(2);
        run.TimesCaughtUp.Should().Be(1);
    }

    async Task CutAndReturnAsync(ClientRun run, int times)
    {
        _server.Cut();
        await Eventually.Async(
            $"it is live after {times} cut(s)",
            () => run.States.Count(s => s.Reason is "connected" or "connected again") > times && run.Client.Status.State == ConnectionState.Live);
    }

    /// <param name="during">When time goes on: while an attempt is under way it must not, or the attempt times out by a clock that is far too fast.</param>
    async Task AdvanceUntilAsync(string reason, Func<bool> condition, Action<TimeSpan>? advanced = null, TimeSpan? step = null, Func<bool>? during = null)
    {
        var by = step ?? TimeSpan.FromSeconds(5);
        await Eventually.Async(
            reason,
            () =>
            {
                if (condition()) return true;
                if (during?.Invoke() == false) return false;
                _time.Advance(by);
                advanced?.Invoke(by);
                return false;
            },
            TimeSpan.FromSeconds(60));
    }

    static bool IsWaiting(ClientRun run) => run.Client.Status.State == ConnectionState.Reconnecting;

    static bool IsLogged(ClientRun run, string text) => run.Logs.All.Any(l => l.Text.Contains(text, StringComparison.Ordinal));

    static List<TimeSpan> Waits(ClientRun run) =>
        [.. run.States.Where(s => s.State == ConnectionState.Reconnecting).Select(s => s.NextAttemptAt!.Value - s.Since)];

    sealed class RecordingPolicy(Func<long, TimeSpan> delay) : IRetryPolicy
    {
        readonly ConcurrentQueue<long> _attempts = new();

        internal IReadOnlyList<long> Attempts => [.. _attempts];

        public TimeSpan? NextRetryDelay(RetryContext retryContext)
        {
            _attempts.Enqueue(retryContext.PreviousRetryCount);
            return delay(retryContext.PreviousRetryCount);
        }
    }
}
