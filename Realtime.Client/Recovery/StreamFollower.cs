using Microsoft.Extensions.Logging;
using Realtime.Client.Connection;
using Realtime.Client.Cursors;
using Realtime.Client.Ordering;
using Realtime.Client.Subscriptions;
using Realtime.Client.Telemetry;
using Realtime.Contracts;
using Realtime.Contracts.Rest;

namespace Realtime.Client.Recovery;

/// <summary>
/// Follows one stream: the only task that owns the cursor. It merges what was pushed with what it fetches, lets both through
/// the same gate, and hands the events on one by one. Pushes and heads are hints that tell it what must exist; only the
/// server's answers decide. It never gives up while the client runs.
/// </summary>
internal sealed class StreamFollower(
    AgentEventsClientOptions options,
    LiveBuffer live,
    IMissedEvents missed,
    EventPump pump,
    CursorKeeper cursors,
    ConnectionStateMachine states,
    Action<HistoryLostEventArgs> reportHistoryLost,
    ILogger logger)
{
    private static readonly TimeSpan ShortestHold = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestHold = TimeSpan.FromMilliseconds(150);

    private readonly StreamStart _start = new(options, missed, cursors, logger);
    private readonly StreamMerge _merge = new(options.LiveBufferCapacity);
    private readonly FetchSchedule _schedule = new(options.TimeProvider, options.Jitter, ShortestHold, LongestHold);
    private int? _barrierPassed;

    /// <summary>Completes when the start is known and saved: nothing published from then on can be missed.</summary>
    public Task Started => _start.Found;

    /// <exception cref="AccessDeniedException">The token is another user's.</exception>
    /// <exception cref="HandlerFailedException">The application cannot handle an event and wants to stop.</exception>
    /// <exception cref="OperationCanceledException">The client stops.</exception>
    public async Task RunAsync(ClientLifetime lifetime)
    {
        var stopping = lifetime.Stopping;
        await _start.ResolveAsync(stopping).ConfigureAwait(false);
        _schedule.Now(); // without a connection too: whoever cannot use WebSockets still gets what was missed
        while (true)
        {
            stopping.ThrowIfCancellationRequested();
            if (_start.Since is null) TakeLive();
            if (await HandNextHeldAsync(lifetime).ConfigureAwait(false)) continue;

            if (FetchIn() is { } wait)
            {
                if (wait <= TimeSpan.Zero)
                {
                    await FetchAsync(lifetime).ConfigureAwait(false);
                    continue;
                }

                await cursors.FlushAsync(stopping).ConfigureAwait(false);
                await live.WaitAsync(wait, stopping).ConfigureAwait(false);
                continue;
            }

            await cursors.FlushAsync(stopping).ConfigureAwait(false);
            DeclareCaughtUp();
            await live.WaitAsync(limit: null, stopping).ConfigureAwait(false);
        }
    }

    private StreamCursor Last => cursors.Current!;

    private void TakeLive()
    {
        if (live.Take() is not { } heard) return;

        foreach (var pushed in heard.Events) TakePushed(pushed);
        foreach (var head in heard.Heads) TakeHead(head);
        if (heard.Barrier is { } barrier) TakeBarrier(barrier);
        if (!heard.HasLost) return;

        ClientMetrics.Overflows.Add(1);
        ClientLog.LiveBufferOverflow(logger, options.LiveBufferCapacity);
        states.TryMove(ConnectionState.CatchingUp, "fell behind the stream", from: ConnectionState.Live);
        _merge.Doubt();
    }

    private void TakePushed(PushedEvent pushed)
    {
        var envelope = pushed.Envelope;
        if (pushed.Fault is { } fault) ClientLog.UnreadablePush(logger, fault);
        switch (envelope is null ? GateDecision.Foreign : _merge.Push(Last, envelope))
        {
            case GateDecision.Foreign:
                _schedule.Soon(); // the server decides what it means
                break;
            case GateDecision.Duplicate:
                ClientMetrics.Duplicates.Add(1);
                break;
            case GateDecision.Rewritten:
                ClientLog.ForkSuspected(logger, envelope!.Position, Last.Position);
                break;
            case GateDecision.Stale:
                ClientLog.StalePush(logger, envelope!.Position, Last.Position);
                _schedule.Soon();
                break;
        }
    }

    private void TakeHead(StreamPosition head)
    {
        if (_merge.Hear(Last, head) is HeadVerdict.Foreign or HeadVerdict.Below) _schedule.Soon();
    }

    private void TakeBarrier(BarrierHead barrier)
    {
        _barrierPassed = barrier.Generation;
        switch (_merge.Hear(Last, barrier.Head))
        {
            case HeadVerdict.Foreign:
                _schedule.Soon();
                break;
            case HeadVerdict.Below:
                _merge.Doubt(); // read after what was seen, and yet before it
                break;
            case HeadVerdict.Ahead:
                _schedule.Now();
                break;
        }
    }

    private async Task<bool> HandNextHeldAsync(ClientLifetime lifetime)
    {
        if (_start.Since is not null) return false;
        var decision = _merge.TakeNext(Last, out var next);
        if (decision == GateDecision.Deliver)
        {
            await HandAsync(next!, DeliveryPath.Push, lifetime).ConfigureAwait(false);
            return true;
        }

        if (decision != GateDecision.Gap)
        {
            ClientLog.StalePush(logger, Last.Position.At(Last.Position.Sequence + 1), Last.Position);
            _schedule.Soon();
        }

        return false;
    }

    private Task HandAsync(AgentEventEnvelope next, string path, ClientLifetime lifetime)
    {
        _schedule.Progressed();
        return pump.HandAsync(next, lifetime, path);
    }

    /// <summary>How long to wait before fetching; <see langword="null"/> when nothing is missing.</summary>
    private TimeSpan? FetchIn()
    {
        if (_start.Since is null && _merge.IsInDoubt) _schedule.Now();
        else if (_start.Since is null && _merge.IsBehind(Last) && _schedule.SoonUnlessClosed()) ClientMetrics.Gaps.Add(1);
        return _schedule.DueIn();
    }

    private async Task FetchAsync(ClientLifetime lifetime)
    {
        var question = _start.Since is { } since
            ? new EventsQuestion { Since = since, Limit = options.PageSize }
            : new EventsQuestion { After = Last.Position, Time = Last.EventTime, Limit = options.PageSize };
        EventsAnswer answer;
        long began = ClientTimings.Now(options.TimeProvider);
        try
        {
            answer = await missed.AskAsync(question, lifetime.Stopping).ConfigureAwait(false);
            ClientTimings.Asked(OutcomeOf(answer), began, options.TimeProvider);
        }
        catch (Exception fault) when (fault is not AccessDeniedException)
        {
            lifetime.Stopping.ThrowIfCancellationRequested();
            ClientTimings.Asked(RecoveryOutcome.Failed, began, options.TimeProvider);
            Failed(fault);
            return;
        }

        if (answer is EventsAnswer.Lost lost) await ContinueAfterLossAsync(lost, lifetime.Stopping).ConfigureAwait(false);
        else if (answer is EventsAnswer.Page { Content: var page }) await HandPageAsync(page, lifetime).ConfigureAwait(false);
    }

    private static string OutcomeOf(EventsAnswer answer) => answer switch
    {
        EventsAnswer.Lost => RecoveryOutcome.HistoryLost,
        EventsAnswer.Page { Content.Events.Count: > 0 } => RecoveryOutcome.Events,
        _ => RecoveryOutcome.Empty,
    };

    private async Task HandPageAsync(EventPage page, ClientLifetime lifetime)
    {
        if (_start.Since is { } since && !await BeginSinceAsync(since, page, lifetime.Stopping).ConfigureAwait(false)) return;

        if (StreamMerge.FaultOf(Last, page, out var events) is { } wrong)
        {
            Failed(new RealtimeException(wrong));
            return;
        }

        foreach (var next in events)
        {
            lifetime.Stopping.ThrowIfCancellationRequested();
            await HandAsync(next, DeliveryPath.Fetch, lifetime).ConfigureAwait(false);
        }

        if (events.Count > 0)
        {
            ClientMetrics.Recovered.Add(events.Count);
            ClientLog.Recovered(logger, events.Count, Last.Position);
        }

        Conclude(page, events.Count);
    }

    private void Conclude(EventPage page, int handed)
    {
        var target = _merge.Target;
        switch (_merge.Finish(Last, page))
        {
            case PageVerdict.More when handed == 0:
                Failed(fault: null); // an answer that contradicts itself
                return;
            case PageVerdict.More:
                _schedule.Succeeded();
                _schedule.Now();
                return;
            case PageVerdict.Unconfirmed:
                _schedule.Unconfirmed(_merge.Unconfirmed);
                return;
            case PageVerdict.Dropped:
                ClientLog.TargetDropped(logger, target!.Value, StreamMerge.DisprovedBy, page.Head);
                break;
        }

        _schedule.Succeeded();
    }

    /// <summary>The first page after a time says which position that is.</summary>
    /// <returns>Whether the page is to be handed over.</returns>
    private async Task<bool> BeginSinceAsync(DateTimeOffset since, EventPage page, CancellationToken stopping)
    {
        var start = page.Events.Count > 0 ? BeforeFirst(page) : page.Next;
        if (page.Truncated)
        {
            var asked = StartFrom.Since(since);
            var continuation = ReportLoss(HistoryLostReason.Trimmed, cursors.Current?.Position ?? start, page.Head, page.Oldest, asked);
            if (continuation != asked && continuation.Kind != StartKind.Cursor)
            {
                await _start.PutAsync(continuation, stopping).ConfigureAwait(false);
                _schedule.Restart();
                return false;
            }
        }

        await _start.PlaceAsync(new StartPlace(start, Id: null, since), stopping).ConfigureAwait(false);
        return true;
    }

    private static StreamPosition BeforeFirst(EventPage page) =>
        page.Events[0].Position.At(Math.Max(0, page.Events[0].Position.Sequence - 1));

    private async Task ContinueAfterLossAsync(EventsAnswer.Lost lost, CancellationToken stopping)
    {
        var fallback = lost.Reason != HistoryLostReason.Trimmed && Last.Time is { } time ? StartFrom.Since(time) : StartFrom.Beginning;
        var continuation = ReportLoss(lost.Reason, Last.Position, lost.Head, lost.Oldest, fallback);
        if (continuation.Kind == StartKind.Cursor) continuation = fallback;

        // What is still waiting here was pushed from the history that is gone.
        if (live.Take() is { Barrier: { } barrier }) _barrierPassed = barrier.Generation;
        _merge.Forget();
        await cursors.FlushAsync(stopping).ConfigureAwait(false);
        await _start.PutAsync(continuation, stopping).ConfigureAwait(false);
        _schedule.Lost();
    }

    private StartFrom ReportLoss(HistoryLostReason reason, StreamPosition last, StreamPosition head, StreamPosition oldest, StartFrom continuation)
    {
        var report = new HistoryLostEventArgs(reason, last, head, oldest, continuation);
        ClientMetrics.HistoryLost.Add(1);
        try
        {
            reportHistoryLost(report);
        }
        catch (Exception fault)
        {
            ClientLog.CallbackFailed(logger, nameof(HistoryLostEventArgs), fault);
            report.ContinueFrom = continuation;
        }

        ClientLog.HistoryLost(logger, last, reason, head, oldest, report.ContinueFrom);
        cursors.HistoryLost(reason, head.Epoch);
        return report.ContinueFrom ?? continuation;
    }

    private void Failed(Exception? fault)
    {
        var wait = _schedule.Failed(fault);
        ClientLog.RecoveryFailed(logger, cursors.Current?.Position ?? default, _schedule.Failures, wait, fault);
    }

    private void DeclareCaughtUp()
    {
        if (_barrierPassed is { } generation)
            states.TryMove(ConnectionState.Live, "caught up", generation: generation, from: ConnectionState.CatchingUp);
    }
}
