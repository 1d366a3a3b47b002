using Realtime.Client;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Client;

public sealed class ConnectingTests
{
    FakeHubServer _server = null!;

    [SetUp]
    public async Task StartServer() => _server = await FakeHubServer.StartedAsync();

    [TearDown]
    public async Task StopServer() => await _server.DisposeAsync();

    [Test]
    public async Task Initial_connect_is_retried_until_the_server_appears()
    {
        await _server.StopAsync();
        await using var run = ClientRun.Create(_server.Url);
        var starting = run.Client.StartAsync();
        await Eventually.Async("three attempts have failed", () => run.Client.Status.FailedAttempts >= 3);
        starting.IsCompleted.Should().BeFalse();

        await _server.StartAsync();
        await starting.WithinDeadline();
        await run.UntilLiveAsync();
    }

    [Test]
    public async Task While_waiting_the_state_says_why_and_until_when()
    {
        await _server.StopAsync();
        await using var run = ClientRun.Create(_server.Url, o => o.RetryPolicy = new ExponentialBackoffRetryPolicy(jitter: 0));
        _ = run.Client.StartAsync();
        await Eventually.Async("the client waits", () => run.States.Any(s => s.State == ConnectionState.Reconnecting));

        var status = run.States.First(s => s.State == ConnectionState.Reconnecting); // by now it may wait for the second time
        status.Reason.Should().Be("the server cannot be reached");
        (status.NextAttemptAt!.Value - status.Since).Should().Be(TimeSpan.FromSeconds(1));
        status.FailedAttempts.Should().Be(1);
    }

    [Test]
    public async Task Token_is_asked_for_on_each_attempt()
    {
        int asked = 0;
        _server.Guard = r => r.IsHandshake && _server.HandshakeTokens.Count < 3 ? new FakeRefusal(503) : null;
        await using var run = await ClientRun.LiveAsync(_server.Url, o => o.AccessTokenProvider = _ => new ValueTask<string>($"token-{Interlocked.Increment(ref asked)}"));

        _server.HandshakeTokens.Should().HaveCount(3).And.OnlyHaveUniqueItems();
    }

    [Test]
    public async Task After_401_the_provider_is_asked_again_and_the_fresh_token_connects()
    {
        int asked = 0;
        _server.Guard = r => r.Token == "stale" ? new FakeRefusal(401, ProblemTypes.Unauthenticated) : null;
        await using var run = await ClientRun.LiveAsync(_server.Url, o =>
        {
            o.RetryPolicy = new ExponentialBackoffRetryPolicy(jitter: 0);
            o.AccessTokenProvider = _ => new ValueTask<string>(Interlocked.Increment(ref asked) <= 2 ? "stale" : "fresh");
        });

        _server.HandshakeTokens.Should().Contain("fresh");
        run.Client.Status.State.Should().Be(ConnectionState.Live);
    }

    [Test]
    public async Task Token_of_another_user_stops_the_client_with_a_typed_exception()
    {
        _server.Guard = _ => new FakeRefusal(403, ProblemTypes.WrongUser);
        await using var run = ClientRun.Create(_server.Url);

        (await FluentActions.Awaiting(() => run.Client.StartAsync().WithinDeadline()).Should().ThrowAsync<AccessDeniedException>()).Which.UserId.Should().Be("user_1");
        run.Client.Status.State.Should().Be(ConnectionState.Stopped);
        await FluentActions.Awaiting(() => run.Client.Completion).Should().ThrowAsync<AccessDeniedException>();
    }

    [Test]
    public async Task Token_of_another_user_stops_a_client_that_was_live()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url);
        _server.Guard = _ => new FakeRefusal(403, ProblemTypes.WrongUser);
        _server.Cut();

        await FluentActions.Awaiting(() => run.Client.Completion.WithinDeadline()).Should().ThrowAsync<AccessDeniedException>();
    }

    [Test]
    public async Task Proxys_403_does_not_stop_the_client()
    {
        _server.Guard = _ => _server.HandshakeTokens.Count < 3 ? new FakeRefusal(403) : null;
        await using var run = await ClientRun.LiveAsync(_server.Url);

        _server.HandshakeTokens.Count.Should().BeGreaterThanOrEqualTo(3);
    }

    [Test]
    public async Task Every_request_names_the_user()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url);
        _server.Questions.Should().NotBeEmpty().And.OnlyContain(q => q.Contains("user_id=user_1"));
    }

    [Test]
    public async Task Events_arrive_by_polling_while_WebSockets_are_blocked()
    {
        _server.Guard = r => r.IsHandshake ? new FakeRefusal(400) : null;
        await using var run = await ClientRun.StartAsync(_server.Url);
        _server.Stream.Append(2);

        await run.UntilSeenAsync(2);
        await Eventually.Async("the state says so", () => run.States.Any(s => s.Reason.Contains("polling", StringComparison.Ordinal)));
    }

    [Test]
    public async Task Cut_connection_brings_the_missed_events_in_order_exactly_once()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url);
        await _server.PublishAsync();
        _server.Guard = r => r.IsHandshake ? new FakeRefusal(503) : null;
        _server.Cut();
        await Eventually.Async("the client notices", () => run.States.Any(s => s.State == ConnectionState.Reconnecting));
        _server.Stream.Append(5);
        _server.Guard = _ => null;

        await run.UntilLiveAsync(times: 2);
        await _server.PublishAsync();
        await run.UntilSeenAsync(7);
        run.Sequences.Should().Equal(1, 2, 3, 4, 5, 6, 7);
    }

    [Test]
    public async Task Backlog_of_the_old_connection_cannot_reorder()
    {
        using var gate = new SemaphoreSlim(0);
        await using var run = await ClientRun.LiveAsync(_server.Url, handler: async _ => await gate.WaitAsync().WithinDeadline());
        for (int i = 0; i < 10; i++) await _server.PublishAsync(); // waits unread while the first is at work
        _server.Cut();
        await _server.WaitForConnectionAsync(handshakes: 2);
        for (int i = 0; i < 10; i++) await _server.PublishAsync();
        for (int i = 0; i < 3; i++) await _server.PushAsync(_server.Stream.Append());

        gate.Release(100);
        await run.UntilSeenAsync(23);
        run.Sequences.Should().Equal(Enumerable.Range(1, 23).Select(i => (long)i));
    }

    [Test]
    public async Task Server_that_asks_to_reconnect_is_left_and_returned_to_after_its_own_time()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url, o => o.RetryPolicy = new ExponentialBackoffRetryPolicy(jitter: 0));
        await _server.PushReconnectAsync(30);

        await run.UntilLiveAsync(times: 2);
        var waiting = run.States.First(s => s.State == ConnectionState.Reconnecting);
        waiting.Reason.Should().Be("the server is going away");
        (waiting.NextAttemptAt - waiting.Since).Should().Be(TimeSpan.FromMilliseconds(30));
        waiting.FailedAttempts.Should().Be(0);
    }

    [Test]
    public async Task Store_that_is_away_at_the_barrier_keeps_the_connection()
    {
        int asked = 0;
        _server.OnGetHead = () => Interlocked.Increment(ref asked) == 1
            ? throw new Microsoft.AspNetCore.SignalR.HubException(HubErrors.StoreUnavailable)
            : Task.FromResult(_server.Stream.Head);
        await using var run = await ClientRun.LiveAsync(_server.Url);

        asked.Should().Be(2);
        _server.HandshakeTokens.Should().ContainSingle();
    }

    [Test]
    public async Task Policy_that_gives_up_stops_the_client()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url, o => o.RetryPolicy = new ExponentialBackoffRetryPolicy(jitter: 0, maxAttempts: 0));
        _server.Cut();

        await FluentActions.Awaiting(() => run.Client.Completion.WithinDeadline()).Should().ThrowAsync<RealtimeException>();
        run.Client.Status.State.Should().Be(ConnectionState.Stopped);
    }

    [Test]
    public async Task Token_is_renewed_before_it_expires()
    {
        using var tokens = TestTokens.Hmac();
        await using var run = await ClientRun.LiveAsync(_server.Url, o =>
        {
            o.Jitter = () => 0;
            o.AccessTokenProvider = _ => new ValueTask<string>(tokens.Create(new TokenClaims { Subject = "user_1", ExpiresIn = TimeSpan.FromSeconds(6) }));
        });

        await Eventually.Async("the token is renewed", () => !_server.RenewedTokens.IsEmpty);
        _server.HandshakeTokens.Should().ContainSingle();
    }

    [Test]
    public async Task No_log_line_holds_a_token()
    {
        const string secret = "very-secret-token";
        _server.Guard = r => _server.HandshakeTokens.Count < 2 ? new FakeRefusal(401, ProblemTypes.Unauthenticated) : null;
        await using var run = await ClientRun.LiveAsync(_server.Url, o => o.AccessTokenProvider = _ => new ValueTask<string>(secret));

        run.Logs.All.Should().NotBeEmpty().And.NotContain(l => l.Text.Contains(secret, StringComparison.Ordinal));
    }
}
