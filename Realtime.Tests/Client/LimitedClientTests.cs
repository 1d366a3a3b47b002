using System.Net;
using Realtime.Client;
using Realtime.Client.Connection;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Client;

/// <summary>A client that is told to come back later does so: neither sooner, nor never.</summary>
public sealed class LimitedClientTests
{
    FakeHubServer _server = null!;

    [SetUp]
    public async Task StartServer() => _server = await FakeHubServer.StartedAsync();

    [TearDown]
    public async Task StopServer() => await _server.DisposeAsync();

    [TestCase(429, "the server asks to come back later")]
    [TestCase(503, "the server answered 503")]
    public async Task Refused_handshake_is_not_repeated_before_the_time_the_server_names(int status, string reason)
    {
        _server.Guard = r => r.IsHandshake && _server.HandshakeTokens.Count == 1 ? new FakeRefusal(status, RetryAfter: 2) : null;
        await using var run = await ClientRun.LiveAsync(_server.Url);

        var waiting = run.States.First(s => s.State == ConnectionState.Reconnecting);
        waiting.Reason.Should().Be(reason);
        (waiting.NextAttemptAt!.Value - waiting.Since).Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(2)).And.BeLessThan(TimeSpan.FromSeconds(3.1));
        var error = waiting.Error.Should().BeOfType<ServerAnswerException>().Which;
        ((int)error.Status).Should().Be(status);
        error.RetryAfter.Should().Be(TimeSpan.FromSeconds(2));
        _server.HandshakeTokens.Should().HaveCount(2);
    }

    [Test]
    public async Task Drop_whose_return_is_refused_waits_too()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url);
        _server.Guard = r => r.IsHandshake && _server.HandshakeTokens.Count == 2 ? new FakeRefusal(429, RetryAfter: 1) : null;
        _server.Cut();
        await run.UntilLiveAsync(times: 2);

        run.States.Should().Contain(s => s.Error is ServerAnswerException && s.NextAttemptAt - s.Since >= TimeSpan.FromSeconds(1));
        _server.HandshakeTokens.Should().HaveCount(3);
    }

    [Test]
    public async Task Client_that_is_kept_out_for_long_still_gets_its_events()
    {
        _server.Guard = r => r.IsHandshake ? new FakeRefusal(429, RetryAfter: 0) : null;
        await using var run = await ClientRun.StartAsync(_server.Url, o => o.Jitter = () => 0);
        _server.Stream.Append(2);

        await run.UntilSeenAsync(2);
        run.Client.Status.State.Should().NotBe(ConnectionState.Stopped);
    }

    [Test]
    public async Task Fetch_that_is_refused_is_repeated_when_the_server_says_so_and_nothing_is_lost()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url);
        int before = _server.Questions.Count;
        _server.Guard = r => !r.IsHandshake && _server.Questions.Count == before + 1 ? new FakeRefusal(429, ProblemTypes.TooManyRequests, RetryAfter: 3) : null;
        await _server.AppendAndTellHeadAsync(3);
        await run.UntilSeenAsync(3);

        run.Sequences.Should().Equal(1, 2, 3);
        _server.Questions.Should().HaveCount(before + 2);
        run.States.Should().NotContain(s => s.State == ConnectionState.Reconnecting);
    }

    [Test]
    public async Task Hub_that_refuses_calls_keeps_its_client()
    {
        int asked = 0;
        _server.OnGetHead = () => Interlocked.Increment(ref asked) == 1
            ? throw new Microsoft.AspNetCore.SignalR.HubException(HubErrors.TooManyCalls)
            : Task.FromResult(_server.Stream.Head);
        await using var run = await ClientRun.LiveAsync(_server.Url);

        _server.HandshakeTokens.Should().ContainSingle();
    }

    [TestCase(0.5, null, 0.0, 0.5)]
    [TestCase(0.5, 4.0, 0.0, 4.0)]
    [TestCase(0.5, 4.0, 0.5, 4.5)]
    [TestCase(8.0, 4.0, 0.5, 8.0)]
    [TestCase(0.5, 86_400.0, 0.0, 120.0, Description = "a wrong header must not silence the client")]
    public void Wait_is_the_longer_of_both_and_spread(double backoff, double? asked, double jitter, double expected)
    {
        var error = new ServerAnswerException((HttpStatusCode)429, ProblemTypes.TooManyRequests, "too many", asked is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
        RetryAfter.Respect(TimeSpan.FromSeconds(backoff), error, () => jitter).Should().Be(TimeSpan.FromSeconds(expected));
    }
}
