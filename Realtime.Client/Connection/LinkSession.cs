using Microsoft.Extensions.Logging;
using Realtime.Client.Ordering;
using Realtime.Client.Telemetry;

namespace Realtime.Client.Connection;

/// <summary>How a connection ended.</summary>
/// <param name="Error">The cause, if one is known.</param>
/// <param name="HasHandshakeFailed">An attempt to connect was refused or did not get through.</param>
/// <param name="ReturnAfter">There is a reason to return after this time.</param>
/// <param name="Reason">That reason, for people.</param>
internal sealed record LinkEnd(Exception? Error, bool HasHandshakeFailed = false, TimeSpan? ReturnAfter = null, string? Reason = null);

/// <summary>
/// Looks after one connected <see cref="ILink"/> until it ends: asks for the head after each (re)connect and when nothing was
/// heard for long, renews the token, and gives up a connection that is stuck.
/// </summary>
internal sealed class LinkSession(AgentEventsClientOptions options, ILink link, LiveBuffer live, TokenSource tokens, ConnectionStateMachine states, Backoff backoff, ILogger logger)
{
    private static readonly TimeSpan StuckAfter = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan SignalGrace = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time = options.TimeProvider;
    private readonly Alarm _head = new(options.TimeProvider);
    private readonly Alarm _stuck = new(options.TimeProvider);
    private readonly Alarm _trial = new(options.TimeProvider);
    private CancellationTokenSource? _renewalEnd;
    private Task? _renewal;
    private TimeSpan _idle;
    private int _generation;
    private int _barrierOf;

    /// <summary>After how long the connection is given up for an attempt at a better one; <see langword="null"/>: never.</summary>
    public TimeSpan? TrialIn { get; init; }

    /// <exception cref="AccessDeniedException">The token became another user's.</exception>
    public async Task<LinkEnd> RunAsync(CancellationToken stopping)
    {
        try
        {
            return await LookAfterAsync(stopping).ConfigureAwait(false);
        }
        finally
        {
            EndRenewal();
        }
    }

    private async Task<LinkEnd> LookAfterAsync(CancellationToken stopping)
    {
        Connected(link.Transport == ClientTransport.WebSockets ? "connected" : "connected over server-sent events", stopping);
        _trial.In(TrialIn);
        while (true)
        {
            if (_renewal is { IsCompleted: true } renewal)
            {
                // Before any signal: the server ends the connection too, and only this says why.
                _renewal = null;
                await renewal.ConfigureAwait(false);
            }
            else if (await NextSignalAsync(stopping).ConfigureAwait(false) is { } signal)
            {
                if (React(signal, stopping) is { } end) return end;
            }
            else if (_stuck.IsDue)
            {
                ClientLog.ConnectionStuck(logger, states.Current.Since);
                return new LinkEnd(new TimeoutException("The connection began no attempt to return."));
            }
            else if (_trial.IsDue)
            {
                return new LinkEnd(Error: null, ReturnAfter: TimeSpan.Zero, Reason: "trying WebSockets again");
            }
            else if (_head.IsDue)
            {
                if (await CheckHeadAsync(stopping).ConfigureAwait(false) is { } end) return end;
            }
        }
    }

    private void Connected(string reason, CancellationToken stopping)
    {
        _generation = states.Connected(reason, link.Transport);
        ClientMetrics.Connects.Add(1);
        _stuck.Off();
        _head.In(TimeSpan.Zero);
        BeginRenewal(stopping);
    }

    private LinkEnd? React(LinkSignal signal, CancellationToken stopping)
    {
        switch (signal)
        {
            case LinkSignal.Reconnecting reconnecting:
                states.TryMove(
                    ConnectionState.Reconnecting, FailureText.Of(reconnecting.Error, "the connection dropped"), reconnecting.Error, reconnecting.Delay, backoff.FailedAttempts);
                ClientTimings.Reconnecting(ReconnectReason.Dropped);
                _head.Off();
                EndRenewal();
                _stuck.In(reconnecting.Delay + options.ConnectTimeout + StuckAfter);
                return null;
            case LinkSignal.Reconnected:
                Connected("connected again", stopping);
                return null;
            case LinkSignal.Leave leave:
                ClientLog.ServerLeaving(logger, leave.After);
                return new LinkEnd(Error: null, ReturnAfter: leave.After, Reason: "the server is going away");
            case LinkSignal.Closed closed:
                return new LinkEnd(link.Refusal ?? closed.Error, HasHandshakeFailed: _stuck.IsSet);
            default:
                throw new InvalidOperationException($"Unknown signal {signal}.");
        }
    }

    /// <summary>The next signal; <see langword="null"/> when an alarm is due or the renewal has ended.</summary>
    private async Task<LinkSignal?> NextSignalAsync(CancellationToken stopping)
    {
        if (link.Signals.TryRead(out var signal)) return signal;

        var wait = Alarm.Earliest(_head, _stuck, _trial);
        if (wait <= TimeSpan.Zero) return null;

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var heard = link.Signals.WaitToReadAsync(stop.Token).AsTask();
        await Task.WhenAny(heard, wait is { } limit ? _time.Wait(limit, stop.Token) : heard, _renewal ?? heard).ConfigureAwait(false);
        stopping.ThrowIfCancellationRequested();
        stop.Cancel();
        return link.Signals.TryRead(out signal) ? signal : null;
    }

    private async Task<LinkEnd?> CheckHeadAsync(CancellationToken stopping)
    {
        bool isBarrier = _barrierOf != _generation;
        var quiet = _time.GetElapsedTime(live.LastHeard);
        if (!isBarrier && quiet < _idle)
        {
            _head.In(_idle - quiet);
            return null;
        }

        int generation = _generation;
        try
        {
            var head = await link.GetHeadAsync(stopping).ConfigureAwait(false);
            live.AddBarrier(new BarrierHead(generation, head));
            _barrierOf = generation;
            _idle = JitterSource.Between(options.Jitter, Share(0.5), Share(1.5));
            _head.In(_idle);
            return null;
        }
        catch (StoreAwayException refused)
        {
            ClientLog.HeadUnavailable(logger, refused);
            _head.In(JitterSource.Between(options.Jitter, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)));
            return null;
        }
        catch (Exception fault) when (!stopping.IsCancellationRequested)
        {
            // The connection is probably gone and says so in a moment; if it does not, it is dead without knowing.
            _head.In(TimeSpan.Zero);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            bool speaks = await link.Signals.WaitToReadAsync(stop.Token).AsTask().EndsWithin(SignalGrace, _time).ConfigureAwait(false);
            stop.Cancel();
            return speaks ? null : new LinkEnd(fault);
        }
    }

    private TimeSpan Share(double share) => TimeSpan.FromTicks((long)(options.IdleCheckInterval.Ticks * share));

    private void BeginRenewal(CancellationToken stopping)
    {
        EndRenewal();
        _renewalEnd = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _renewal = new TokenRenewal(options, link, tokens, logger).RunAsync(_renewalEnd.Token);
    }

    /// <summary>It ends by itself in a moment; what it found out is of no interest any more.</summary>
    private void EndRenewal()
    {
        if (_renewalEnd is not { } end) return;
        var renewal = _renewal ?? Task.CompletedTask;
        _renewalEnd = null;
        _renewal = null;
        end.Cancel();
        _ = renewal.ContinueWith(
            ended =>
            {
                _ = ended.Exception;
                end.Dispose();
            },
            CancellationToken.None,
            TaskContinuationOptions.None,
            TaskScheduler.Default);
    }
}
