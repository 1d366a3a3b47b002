using Realtime.Contracts;
using Realtime.Server.EventStore;
using Realtime.Server.FanOut;
using Realtime.Server.Telemetry;

namespace Realtime.Server.EventStreams;

/// <summary>Why a stream ended.</summary>
internal enum EventStreamEnd
{
    /// <summary>The client has gone.</summary>
    Left,

    /// <summary>We ended it: token expired or revoked, user disconnected, node going away. The client is to come back.</summary>
    Closed,

    /// <summary>The client does not read.</summary>
    Slow,

    /// <summary>It cannot be continued, and the client was told.</summary>
    HistoryLost,

    /// <summary>A fault of ours; the client sees a connection that breaks.</summary>
    Failed,
}

/// <summary>
/// Follows one user's stream and writes it to one client: every position after the start once, in order. Pushes are hints that save a
/// read: the next one is passed on as it is, and whatever is not the next one makes it read the store from where it stands. The caller has
/// joined the live fan-out before the start was read, so nothing is between the two. One call, from one task.
/// </summary>
internal sealed class EventStreamRun(
    string userId, StreamPosition start, EventStreamConnection connection, EventStreamInbox inbox, EventStreamWriter writer, SharedReads reads, EventStreamSettings settings)
{
    private static readonly TimeSpan BeatInterval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time = settings.Time;
    private StreamPosition _last = start;
    private DateTimeOffset? _lastTime;
    private EventStreamEnd? _end;
    private bool _mustRead;
    private int _failures;

    /// <summary>Ends when the stream does. Never throws but for faults of ours.</summary>
    /// <param name="first">What was read at the start: a page, or why there is none; <see langword="null"/> for a start at the head.</param>
    public async Task<EventStreamEnd> RunAsync(StreamRead? first)
    {
        await using var beats = _time.CreateTimer(static inbox => ((EventStreamInbox)inbox!).Beat(), inbox, BeatInterval, BeatInterval);
        try
        {
            await BeginAsync(first);
            while (_end is null) await StepAsync();
        }
        catch (OperationCanceledException) when (connection.Ended.IsCancellationRequested)
        {
            End();
        }

        if (_end is EventStreamEnd.Closed or EventStreamEnd.HistoryLost) await FlushAsync();
        return _end!.Value;
    }

    private async Task BeginAsync(StreamRead? first)
    {
        if (first is not StreamHistoryLost)
        {
            writer.Start(_last);
            writer.Retry(settings.Retry());
        }

        if (first is not null) await TakeReadAsync(first);
        await FlushAsync();
    }

    private async Task StepAsync()
    {
        var heard = inbox.Take();
        if (heard.IsEnded)
        {
            End();
            return;
        }

        if (heard.IsBeatDue) writer.Comment();
        _mustRead |= heard.HasLost || (heard.Head is { } head && !(head.IsSameHistoryAs(_last) && head.Sequence == _last.Sequence));
        if (_mustRead) await ReadAsync();
        else if (inbox.TryTake(out var pushed)) TakePush(pushed);
        else
        {
            await FlushAsync();
            if (_end is null) await inbox.WaitAsync();
        }

        if (writer.HasMuch) await FlushAsync();
    }

    private void End()
    {
        _end ??= connection.HasLeft ? EventStreamEnd.Left : EventStreamEnd.Closed;
        if (_end is EventStreamEnd.Closed) writer.Retry(settings.SoonRetry()); // whoever ends many spreads them already
    }

    private void TakePush(PushedEvent pushed)
    {
        var (position, time) = pushed.Mark;
        bool isKnown = position.IsSameHistoryAs(_last) && position.Sequence <= _last.Sequence && time <= _lastTime;
        if (isKnown) return;

        // Anything but the next event is for the store to explain: a gap, or a history that was rewritten.
        bool isNext = position.IsSameHistoryAs(_last) && position.Sequence == _last.Sequence + 1 && !(time <= _lastTime);
        if (!isNext || !EventFrame.TryUnwrap(pushed.Message, out var envelope) || !writer.TryEvent(position, envelope.Span))
        {
            _mustRead = true;
            return;
        }

        (_last, _lastTime) = (position, time);
        settings.Metrics.StreamPassed(1);
    }

    private async Task ReadAsync()
    {
        StreamRead read;
        try
        {
            read = await WithBeatsAsync(reads.ReadAfterAsync(new StreamQuestion(userId, _last, _lastTime, EventStreamSettings.PageSize), connection.Ended));
        }
        catch (StoreUnavailableException fault)
        {
            ServerLog.StreamNotRead(settings.Logger, fault, userId, connection.Id);
            await PauseAsync();
            return;
        }

        _failures = 0;
        _mustRead = false;
        await TakeReadAsync(read);
    }

    private async Task TakeReadAsync(StreamRead read)
    {
        if (read is StreamHistoryLost lost)
        {
            writer.HistoryLost(lost);
            writer.Retry(EventStreamSettings.RetryAfterLoss);
            _end = EventStreamEnd.HistoryLost;
            return;
        }

        var page = (StreamPage)read;
        foreach (var item in page.Events)
        {
            writer.Event(item);
            (_last, _lastTime) = (item.Position, item.Time);
            if (writer.HasMuch) await FlushAsync();
            if (_end is not null) return;
        }

        settings.Metrics.StreamRead(page.Events.Count);
        _mustRead |= page.HasMore;
    }

    /// <summary>While the store is away the client is kept, and shown that it is.</summary>
    private Task PauseAsync()
    {
        var pause = ShortestPause * (1 << Math.Min(_failures++, 3));
        return WithBeatsAsync(WaitAsync(pause < LongestPause ? pause : LongestPause));
    }

    private async Task<bool> WaitAsync(TimeSpan pause)
    {
        await Task.Delay(pause, _time, connection.Ended);
        return true;
    }

    /// <summary>Waits for something that may take long without falling silent.</summary>
    private async Task<T> WithBeatsAsync<T>(Task<T> work)
    {
        while (!work.IsCompleted)
        {
            using var stop = new CancellationTokenSource();
            if (await Task.WhenAny(work, Task.Delay(BeatInterval, _time, stop.Token)) == work)
            {
                await stop.CancelAsync();
                break;
            }

            writer.Comment();
            await FlushAsync();
            connection.Ended.ThrowIfCancellationRequested();
        }

        return await work;
    }

    /// <summary>A client that takes nothing for too long is cut: it holds memory and gets nothing.</summary>
    private async Task FlushAsync()
    {
        if (!writer.HasAny) return;
        var flushing = writer.FlushAsync(CancellationToken.None);
        if (!flushing.IsCompleted)
        {
            var flush = flushing.AsTask();
            using var stop = new CancellationTokenSource();
            if (await Task.WhenAny(flush, Task.Delay(settings.SlowReaderTimeout, _time, stop.Token)) != flush)
            {
                settings.Slow(connection);
                connection.Abort();
                _end = EventStreamEnd.Slow;
            }

            await stop.CancelAsync();
            await ((Task)flush).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!flush.IsCompletedSuccessfully || flush.Result.IsCompleted) _end ??= EventStreamEnd.Left;
            return;
        }

        if ((await flushing).IsCompleted) _end ??= EventStreamEnd.Left;
    }
}
