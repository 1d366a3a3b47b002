using Microsoft.Extensions.Logging;
using Realtime.Client.Ordering;
using Realtime.Client.Recovery;
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
    RestLink rest,
    MissedEvents missed,
    HandshakeProbe probe,
    ConnectionStateMachine states,
    ILogger logger)
{
    /// <summary>How long a connection must have been caught up before its end begins the schedule anew.</summary>
    private static readonly TimeSpan StableAfter = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time = options.TimeProvider;
    private readonly Backoff _backoff = new(options.RetryPolicy!, options.TimeProvider, logger);
    private readonly TransportChoice _choice = new(options.Transport, options.TimeProvider, options.Jitter);
    private ClientTransport _transport;
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
        _transport = _choice.Next;
        ILink link = _transport == ClientTransport.ServerSentEvents
            ? new EventStreamLink(options, rest, missed, tokens, live, logger)
            : new HubLink(options, tokens, live, OwnAttemptAfterDrop, logger);
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
        var session = new LinkSession(options, link, live, tokens, states, _backoff, logger)
        {
            TrialIn = _transport == ClientTransport.ServerSentEvents ? _choice.TrialIn : null,
        };
        return await session.RunAsync(stopping).ConfigureAwait(false);
    }

    /// <summary>Says why there is no connection, and how long to wait for the next.</summary>
    private async Task<TimeSpan> ExplainAsync(LinkEnd end, CancellationToken stopping)
    {
        ClientTimings.Reconnecting(ReconnectReason.Of(end));
        if (end.ReturnAfter is { } asked)
        {
            if (!ForgetFailuresOfLongAgo() && _transport == ClientTransport.ServerSentEvents) _choice.Lasted(_transport); // as long as it was to
            states.TryMove(ConnectionState.Reconnecting, end.Reason!, nextAttemptIn: asked);
            return asked;
        }

        var verdict = end.HasHandshakeFailed && !await IsLimitedAsync(end.Error, stopping).ConfigureAwait(false)
            ? await probe.AskAsync(end.Error, _transport, stopping).ConfigureAwait(false)
            : new ProbeVerdict(FailureText.Of(end.Error, "the connection was closed"), end.Error, IsTokenFresh: false, IsServerAnswering: !end.HasHandshakeFailed);

        bool mayBeTheToken = verdict.IsTokenFresh && !_hasRetriedAtOnce;
        bool countsAgainstTheWay = end.HasHandshakeFailed || _transport == ClientTransport.ServerSentEvents;
        if (!ForgetFailuresOfLongAgo() && !mayBeTheToken && countsAgainstTheWay) _choice.Failed(_transport, verdict.IsServerAnswering);

        TimeSpan wait;
        if (_transport == ClientTransport.WebSockets && _choice.Next == ClientTransport.ServerSentEvents && verdict.IsServerAnswering)
        {
            // What failed was the way, and there is another. A server that is away, or asks for patience, gets it.
            wait = TimeSpan.Zero;
            verdict = verdict with { Reason = "WebSockets are blocked; going on over server-sent events" };
        }
        else if (mayBeTheToken)
        {
            // The handshake's token had expired and there is a good one now: once, no reason to wait.
            _hasRetriedAtOnce = true;
            wait = TimeSpan.Zero;
        }
        else
        {
            var backoff = _backoff.Next(verdict.Error) ?? throw new RealtimeException("The retry policy gave up connecting.", verdict.Error);
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

        if (_wasLimited) await probe.AskAsync(error, _transport, stopping).ConfigureAwait(false);
        _wasLimited = true;
        return true;
    }

    /// <summary>When SignalR may return by itself. A connection that stood and dropped says nothing against WebSockets: the server may be flapping.</summary>
    private TimeSpan? OwnAttemptAfterDrop(Exception? reason)
    {
        ForgetFailuresOfLongAgo();
        return _backoff.Next(reason);
    }

    /// <returns>Whether the last connection has lasted.</returns>
    private bool ForgetFailuresOfLongAgo()
    {
        if (states.TakeLiveTime() < StableAfter) return false;
        _backoff.Reset();
        _choice.Lasted(_transport);
        return true;
    }
}
