using Microsoft.Extensions.Logging;
using Realtime.Client.Ordering;
using Realtime.Client.Telemetry;

namespace Realtime.Client.Connection;

/// <summary>
/// Keeps one connection up for as long as the client runs: the first connect, and every one after it, by the same policy.
/// It ends only when the client stops, when the policy gives up, or when the token is another user's.
/// </summary>
internal sealed class ConnectionLoop(
    AgentEventsClientOptions options,
    LiveBuffer live,
    TokenSource tokens,
    HandshakeProbe probe,
    ConnectionStateMachine states,
    ILogger logger)
{
    /// <summary>How long a connection must have been caught up before its end begins the schedule anew.</summary>
    private static readonly TimeSpan StableAfter = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time = options.TimeProvider;
    private readonly Backoff _backoff = new(options.RetryPolicy!, options.TimeProvider, logger);
    private bool _hasRetriedAtOnce;
    private bool _wasLimited;

    /// <exception cref="AccessDeniedException">The token is another user's.</exception>
    /// <exception cref="RealtimeException">The retry policy gave up.</exception>
    /// <exception cref="OperationCanceledException">The client stops.</exception>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            states.TryMove(ConnectionState.Connecting, "connecting", failedAttempts: _backoff.FailedAttempts);
            var end = await ConnectAsync(stopping).ConfigureAwait(false);
            stopping.ThrowIfCancellationRequested();
            var wait = await ExplainAsync(end, stopping).ConfigureAwait(false);
            await _time.Wait(wait, stopping).ConfigureAwait(false);
        }
    }

    private async Task<LinkEnd> ConnectAsync(CancellationToken stopping)
    {
        var link = new HubLink(options, tokens, live, NextDelayAfterDrop, logger);
        await using var _ = link.ConfigureAwait(false);
        try
        {
            await link.StartAsync(stopping).ConfigureAwait(false);
        }
        catch (Exception fault) when (!stopping.IsCancellationRequested)
        {
            return new LinkEnd(fault, HasHandshakeFailed: true);
        }

        _hasRetriedAtOnce = false;
        _wasLimited = false;
        return await new LinkSession(options, link, live, tokens, states, _backoff, logger).RunAsync(stopping).ConfigureAwait(false);
    }

    /// <summary>Says why there is no connection, and how long to wait for the next.</summary>
    private async Task<TimeSpan> ExplainAsync(LinkEnd end, CancellationToken stopping)
    {
        ClientTimings.Reconnecting(ReconnectReason.Of(end));
        if (end.ReturnAfter is { } asked)
        {
            ForgetFailuresOfLongAgo();
            states.TryMove(ConnectionState.Reconnecting, "the server is going away", nextAttemptIn: asked);
            return asked;
        }

        var verdict = end.HasHandshakeFailed && !await IsLimitedAsync(end.Error, stopping).ConfigureAwait(false)
            ? await probe.AskAsync(end.Error, stopping).ConfigureAwait(false)
            : new ProbeVerdict(FailureText.Of(end.Error, "the connection was closed"), end.Error, IsTokenFresh: false);

        TimeSpan wait;
        if (verdict.IsTokenFresh && !_hasRetriedAtOnce)
        {
            // The handshake's token had expired and there is a good one now: once, no reason to wait.
            _hasRetriedAtOnce = true;
            wait = TimeSpan.Zero;
        }
        else
        {
            var backoff = NextDelayAfterDrop(verdict.Error) ?? throw new RealtimeException("The retry policy gave up connecting.", verdict.Error);
            wait = RetryAfter.Respect(backoff, verdict.Error, options.Jitter);
        }

        states.TryMove(ConnectionState.Reconnecting, verdict.Reason, verdict.Error, wait, _backoff.FailedAttempts);
        ClientLog.ConnectionFailed(logger, options.ServerUrl!, wait, verdict.Error);
        return wait;
    }

    /// <summary>
    /// A server that says when to come back has explained itself, and to ask would be one more request of too many. Only a client
    /// that is kept out for longer asks all the same, so that its events still arrive, if late.
    /// </summary>
    private async Task<bool> IsLimitedAsync(Exception? error, CancellationToken stopping)
    {
        if (error is not ServerAnswerException { RetryAfter: not null })
        {
            _wasLimited = false;
            return false;
        }

        if (_wasLimited) await probe.AskAsync(error, stopping).ConfigureAwait(false);
        _wasLimited = true;
        return true;
    }

    private TimeSpan? NextDelayAfterDrop(Exception? reason)
    {
        ForgetFailuresOfLongAgo();
        return _backoff.Next(reason);
    }

    private void ForgetFailuresOfLongAgo()
    {
        if (states.TakeLiveTime() >= StableAfter) _backoff.Reset();
    }
}
