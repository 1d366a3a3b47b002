using System.Collections.Concurrent;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Time.Testing;
using Realtime.Client;
using Realtime.Client.Connection;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Client;

/// <summary>How the client keeps its connection under tokens that end, whatever provider and server do.</summary>
public sealed class TokenRenewalTests
{
    FakeTimeProvider _time = null!;
    FakeHubServer _server = null!;
    TestTokens _tokens = null!;

    [SetUp]
    public async Task StartServer()
    {
        _time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 23, 3, 0, 0, TimeSpan.Zero));
        _tokens = TestTokens.Hmac(time: _time);
        _server = await FakeHubServer.StartedAsync();
    }

    [TearDown]
    public async Task StopServer()
    {
        await _server.DisposeAsync();
        _tokens.Dispose();
    }

    [Test]
    public async Task Token_of_three_seconds_is_renewed_again_and_again_on_the_same_connection()
    {
        var renewedAt = new ConcurrentQueue<DateTimeOffset>();
        _server.OnRenewToken = _ =>
        {
            renewedAt.Enqueue(_time.GetUtcNow());
            return 3;
        };
        await using var run = await LiveAsync(Fresh(seconds: 3));

        await AdvanceUntilAsync("it is renewed ten times", () => renewedAt.Count >= 10, step: 0.25);

        renewedAt.Zip(renewedAt.Skip(1), (earlier, later) => (later - earlier).TotalSeconds).Should().OnlyContain(pause => pause >= 1, "however long an answer takes by this clock, nothing is pressed");
        _server.HandshakeTokens.Should().ContainSingle();
    }

    [Test]
    public async Task Same_token_of_a_caching_provider_is_not_sent_and_the_provider_is_not_pressed()
    {
        string cached = Token(60);
        bool isCached = true;
        await using var run = await LiveAsync(_ => new ValueTask<string>(Volatile.Read(ref isCached) ? cached : Token(60)));
        var begun = _time.GetUtcNow();
        await AdvanceUntilAsync("it has asked four times", () => Logged(run, "gave the same token again") == 4);
        (_time.GetUtcNow() - begun).TotalSeconds.Should().BeGreaterThanOrEqualTo(45 + 11.25 + 5 + 5);
        _server.RenewedTokens.Should().BeEmpty();

        Volatile.Write(ref isCached, false);
        await AdvanceUntilAsync("another one is renewed with", () => !_server.RenewedTokens.IsEmpty);

        _server.RenewedTokens.Should().NotContain(cached);
        _server.HandshakeTokens.Should().ContainSingle();
    }

    [Test]
    public async Task Failed_renewals_are_tried_again_and_the_connection_stays()
    {
        int calls = 0;
        _server.OnRenewToken = _ => Interlocked.Increment(ref calls) < 4 ? throw new HubException(HubErrors.AuthorityUnavailable) : 60;
        await using var run = await LiveAsync(Fresh(seconds: 60));

        await AdvanceUntilAsync("the fourth succeeds", () => Volatile.Read(ref calls) == 4);
        await _server.PublishAsync();
        await run.UntilSeenAsync(1);

        _server.HandshakeTokens.Should().ContainSingle();
        Logged(run, "Renewing the token of the connection failed").Should().Be(3);
    }

    [Test]
    public async Task Provider_that_hangs_while_renewing_does_not_keep_the_client_from_noticing_a_drop()
    {
        var never = new TaskCompletionSource<string>();
        bool isHanging = false;
        int hung = 0;
        await using var run = await LiveAsync(_ =>
        {
            if (!Volatile.Read(ref isHanging)) return new ValueTask<string>(Token(60));
            Interlocked.Increment(ref hung);
            return new ValueTask<string>(never.Task);
        });
        Volatile.Write(ref isHanging, true);
        await AdvanceUntilAsync("the renewal hangs", () => Volatile.Read(ref hung) > 0);
        Volatile.Write(ref isHanging, false);

        _server.Cut();
        await run.UntilLiveAsync(times: 2);

        _server.HandshakeTokens.Should().HaveCount(2);
    }

    [Test]
    public async Task Token_of_another_user_stops_the_client_with_a_typed_exception()
    {
        _server.OnRenewToken = _ => throw new HubException(HubErrors.UserChanged);
        await using var run = await LiveAsync(Fresh(seconds: 60));

        await AdvanceUntilAsync("the client has stopped", () => run.Client.Completion.IsCompleted);

        (await FluentActions.Awaiting(() => run.Client.Completion.WithinDeadline()).Should().ThrowAsync<AccessDeniedException>()).Which.UserId.Should().Be("user_1");
        run.Client.Status.State.Should().Be(ConnectionState.Stopped);
        _server.HandshakeTokens.Should().ContainSingle();
    }

    [TestCase(0.0, 2.25)]
    [TestCase(0.999999, 2.85)]
    public void Token_of_three_seconds_is_renewed_between_75_and_95_percent_of_its_life(double jitter, double seconds) =>
        TokenExpiry.RenewIn(Token(3), _time.GetUtcNow(), () => jitter)!.Value.TotalSeconds.Should().BeApproximately(seconds, 0.01);

    [TestCase(0, 45)]
    [TestCase(45, 11.25)]
    [TestCase(55, 5)]
    [TestCase(70, 5)]
    public void Provider_that_gave_the_same_token_is_asked_again_after_five_seconds_or_later(int age, double seconds) =>
        TokenExpiry.AskAgainIn(Token(60), _time.GetUtcNow().AddSeconds(age), () => 0).TotalSeconds.Should().Be(seconds);

    [Test]
    public void Slow_clock_does_not_make_a_life_longer_than_it_was_made() =>
        TokenExpiry.RenewIn(Token(60), _time.GetUtcNow().AddHours(-1), () => 0).Should().Be(TimeSpan.FromSeconds(45));

    [Test]
    public void Fast_clock_makes_a_token_look_expired_and_it_is_renewed_soon_but_not_in_a_hot_loop() =>
        TokenExpiry.RenewIn(Token(60), _time.GetUtcNow().AddHours(1), () => 0).Should().Be(TimeSpan.FromSeconds(1));

    [TestCase(60, 45)]
    [TestCase(3, 2.25)]
    [TestCase(0, 1)]
    [TestCase(-5, 1)]
    [TestCase(double.NaN, 1)]
    [TestCase(double.PositiveInfinity, 1)]
    public void Servers_answer_sets_the_next_renewal_whatever_it_is(double secondsLeft, double expected) =>
        TokenExpiry.RenewIn(secondsLeft, () => 0).TotalSeconds.Should().Be(expected);

    Func<CancellationToken, ValueTask<string>> Fresh(int seconds) => _ => new ValueTask<string>(Token(seconds));

    string Token(int seconds) => _tokens.Create(new TokenClaims { Subject = "user_1", ExpiresIn = TimeSpan.FromSeconds(seconds) });

    Task<ClientRun> LiveAsync(Func<CancellationToken, ValueTask<string>> provider) => ClientRun.LiveAsync(_server.Url, o =>
    {
        o.TimeProvider = _time;
        o.Jitter = () => 0;
        o.RequestTimeout = TimeSpan.FromHours(1); // its clock runs faster than the server answers
        o.AccessTokenProvider = provider;
    });

    /// <summary>Lets the client's clock go on, in steps of seconds.</summary>
    Task AdvanceUntilAsync(string reason, Func<bool> condition, double step = 0.5) => Eventually.Async(reason, () =>
    {
        if (condition()) return true;
        _time.Advance(TimeSpan.FromSeconds(step));
        return false;
    });

    static int Logged(ClientRun run, string text) => run.Logs.All.Count(l => l.Text.Contains(text, StringComparison.Ordinal));
}
