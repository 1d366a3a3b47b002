using System.Text.Json;
using Microsoft.Extensions.Logging;
using Realtime.Client.Connection;
using Realtime.Client.Cursors;
using Realtime.Client.Ordering;
using Realtime.Client.Subscriptions;
using Realtime.Client.Telemetry;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;

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

    private readonly HeldEvents _held = new(options.LiveBufferCapacity);
    private readonly FetchSchedule _schedule = new(options.TimeProvider, options.Jitter, ShortestHold, LongestHold);
    private readonly TaskCompletionSource<bool> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private StreamPosition? _target;
    private DateTimeOffset? _since;
    private int? _barrierPassed;

    /// <summary>Completes when the start is known and saved: nothing published from then on can be missed.</summary>
    public Task Started => _started.Task;

    /// <exception cref="AccessDeniedException">The token is another user's.</exception>
    /// <exception cref="HandlerFailedException">The application cannot handle an event and wants to stop.</exception>
    /// <exception cref="OperationCanceledException">The client stops.</exception>
    public async Task RunAsync(ClientLifetime lifetime)
    {
        var stopping = lifetime.Stopping;
        await ResolveStartAsync(stopping).ConfigureAwait(false);
        while (true)
        {
            stopping.ThrowIfCancellationRequested();
            if (_since is null) TakeLive();
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

    private StreamPosition Last => cursors.Current!.Position;

    private async Task ResolveStartAsync(CancellationToken stopping)
    {
        var start = options.StartFrom;
        if (start.Kind == StartKind.Cursor)
        {
            if (await cursors.LoadAsync(stopping).ConfigureAwait(false) is { } stored)
            {
                cursors.Resume(stored);
                Begin();
                _schedule.Now(); // without a connection too: whoever cannot use WebSockets still gets what was missed
                return;
            }

            start = start.Otherwise!;
        }

        await PutAsync(start, stopping).ConfigureAwait(false);
    }

    /// <summary>Places the cursor, asking the server as long as it takes.</summary>
    private async Task PutAsync(StartFrom start, CancellationToken stopping)
    {
        _schedule.Restart();
        switch (start.Kind)
        {
            case StartKind.After:
                await cursors.PutAsync(start.Position, id: null, time: null, stopping).ConfigureAwait(false);
                Begin();
                return;
            case StartKind.Since:
                _since = start.Time; // the first page says which position that is
                return;
        }

        while (true)
        {
            try
            {
                var place = await StartPlaces.FindAsync(missed, start.Kind, stopping).ConfigureAwait(false);
                await cursors.PutAsync(place.Position, place.Id, place.Time, stopping).ConfigureAwait(false);
                _schedule.Restart();
                Begin();
                return;
            }
            catch (Exception fault) when (IsWorthRepeating(fault, stopping))
            {
                var wait = _schedule.Failed();
                ClientLog.RecoveryFailed(logger, default, _schedule.Failures, wait, fault);
                await options.TimeProvider.Wait(wait, stopping).ConfigureAwait(false);
            }
        }
    }

    private void Begin()
    {
        if (_started.TrySetResult(true)) ClientLog.Starting(logger, Last);
    }

    private void TakeLive()
    {
        if (live.Take() is not { } heard) return;

        if (heard.BarrierGeneration is { } generation) _barrierPassed = generation;
        foreach (var pushed in heard.Events) TakePushed(pushed);
        foreach (var head in heard.Heads) TakeHead(head, atOnce: heard.BarrierGeneration is not null);
        if (!heard.HasLost) return;

        ClientMetrics.Overflows.Add(1);
        ClientLog.LiveBufferOverflow(logger, options.LiveBufferCapacity);
        states.TryMove(ConnectionState.CatchingUp, "fell behind the stream", from: ConnectionState.Live);
        _schedule.Now();
    }

    private void TakePushed(JsonElement pushed)
    {
        AgentEventEnvelope? envelope = null;
        try
        {
            envelope = pushed.Deserialize(RealtimeJsonContext.Default.AgentEventEnvelope);
        }
        catch (JsonException fault)
        {
            ClientLog.UnreadablePush(logger, fault);
        }

        if (envelope is null || !envelope.Position.IsSameHistoryAs(Last))
        {
            _schedule.Soon(); // the server decides what it means
            return;
        }

        if (SequenceGate.Offer(Last.Sequence, envelope.Position.Sequence) != GateDecision.Duplicate)
        {
            _held.Add(envelope);
            RaiseTarget(envelope.Position);
            return;
        }

        ClientMetrics.Duplicates.Add(1);
        if (cursors.Current!.EventTime is { } lastTime && envelope.Time > lastTime)
        {
            // Times rise with sequences, so this event cannot be of the history we have seen.
            ClientLog.ForkSuspected(logger, envelope.Position, Last);
            _schedule.Now();
        }
    }

    private void TakeHead(StreamPosition head, bool atOnce)
    {
        if (!head.IsSameHistoryAs(Last))
        {
            _schedule.Soon();
            return;
        }

        RaiseTarget(head);
        if (atOnce && head.Sequence > Last.Sequence) _schedule.Now();
    }

    private void RaiseTarget(StreamPosition heard)
    {
        if (_target is not { } target || target.Sequence < heard.Sequence) _target = heard;
    }

    private async Task<bool> HandNextHeldAsync(ClientLifetime lifetime)
    {
        if (_since is not null || !_held.TryTakeNext(Last.Sequence, out var next)) return false;
        await HandAsync(next, lifetime).ConfigureAwait(false);
        return true;
    }

    private Task HandAsync(AgentEventEnvelope next, ClientLifetime lifetime)
    {
        _schedule.Progressed();
        return pump.HandAsync(next, lifetime);
    }

    /// <summary>How long to wait before fetching; <see langword="null"/> when nothing is missing.</summary>
    private TimeSpan? FetchIn()
    {
        if (_since is null && _target is { } target && target.Sequence > Last.Sequence)
        {
            if (_schedule.SoonUnlessClosed()) ClientMetrics.Gaps.Add(1);
        }

        return _schedule.DueIn();
    }

    private async Task FetchAsync(ClientLifetime lifetime)
    {
        var question = _since is { } since
            ? new EventsQuestion { Since = since, Limit = options.PageSize }
            : new EventsQuestion { After = Last, Time = cursors.Current!.EventTime, Limit = options.PageSize };
        EventsAnswer answer;
        try
        {
            answer = await missed.AskAsync(question, lifetime.Stopping).ConfigureAwait(false);
        }
        catch (Exception fault) when (IsWorthRepeating(fault, lifetime.Stopping))
        {
            Failed(fault);
            return;
        }

        if (answer is EventsAnswer.Lost lost) await ContinueAfterLossAsync(lost, lifetime.Stopping).ConfigureAwait(false);
        else if (answer is EventsAnswer.Page { Content: var page }) await HandPageAsync(page, lifetime).ConfigureAwait(false);
    }

    private async Task HandPageAsync(EventPage page, ClientLifetime lifetime)
    {
        if (_since is { } since)
        {
            var start = page.Events.Count > 0 ? BeforeFirst(page) : page.Next;
            if (page.Truncated) ReportLoss(HistoryLostReason.Trimmed, cursors.Current?.Position ?? start, page.Head, page.Oldest, StartFrom.Since(since));
            await cursors.PutAsync(start, id: null, since, lifetime.Stopping).ConfigureAwait(false);
            _since = null;
            Begin();
        }

        int count = 0;
        foreach (var next in page.Events)
        {
            lifetime.Stopping.ThrowIfCancellationRequested();
            var decision = next.Position.IsSameHistoryAs(Last) ? SequenceGate.Offer(Last.Sequence, next.Position.Sequence) : GateDecision.Gap;
            if (decision == GateDecision.Duplicate) continue;
            if (decision == GateDecision.Gap)
            {
                Failed(new RealtimeException($"The server's page goes on with {next.Position} after {Last}."));
                return;
            }

            await HandAsync(next, lifetime).ConfigureAwait(false);
            count++;
        }

        if (count > 0)
        {
            ClientMetrics.Recovered.Add(count);
            ClientLog.Recovered(logger, count, Last);
        }

        _held.DropUpTo(Last.Sequence);
        if (page.Head.IsSameHistoryAs(Last)) RaiseTarget(page.Head);
        bool isBehind = _target is { } target && target.Sequence > Last.Sequence;
        if (isBehind && count == 0)
        {
            // What was heard of must exist, yet this answer does not show it: ask again, ever less often.
            Failed(fault: null);
            return;
        }

        _schedule.Succeeded();
        if (isBehind) _schedule.Now();
    }

    private static StreamPosition BeforeFirst(EventPage page) =>
        page.Events[0].Position.At(Math.Max(0, page.Events[0].Position.Sequence - 1));

    private async Task ContinueAfterLossAsync(EventsAnswer.Lost lost, CancellationToken stopping)
    {
        var fallback = lost.Reason != HistoryLostReason.Trimmed && cursors.Current!.Time is { } time ? StartFrom.Since(time) : StartFrom.Beginning;
        var continuation = ReportLoss(lost.Reason, Last, lost.Head, lost.Oldest, fallback);
        if (continuation.Kind == StartKind.Cursor) continuation = fallback;

        // What is still waiting here was pushed from the history that is gone.
        if (live.Take() is { BarrierGeneration: { } generation }) _barrierPassed = generation;
        _held.Clear();
        _target = null;
        await cursors.FlushAsync(stopping).ConfigureAwait(false);
        await PutAsync(continuation, stopping).ConfigureAwait(false);
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
        var wait = _schedule.Failed();
        ClientLog.RecoveryFailed(logger, cursors.Current?.Position ?? default, _schedule.Failures, wait, fault);
    }

    private void DeclareCaughtUp()
    {
        if (_barrierPassed is { } generation)
            states.TryMove(ConnectionState.Live, "caught up", generation: generation, from: ConnectionState.CatchingUp);
    }

    private static bool IsWorthRepeating(Exception fault, CancellationToken stopping) =>
        fault is not AccessDeniedException && !stopping.IsCancellationRequested;
}
