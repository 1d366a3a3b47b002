using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Realtime.Client.Connection;
using Realtime.Client.Recovery;
using Realtime.Client.Telemetry;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;

namespace Realtime.Client.Cursors;

/// <summary>
/// One client's cursor on the server, over REST. It is placed and loaded while the caller waits; moves are written in the
/// background, the newest only, so that a slow or absent server never holds up events. Its price is repetition, never a loss.
/// One task places, loads, moves and closes it.
/// </summary>
internal sealed class ServerKeptCursor(string consumer, RestLink rest, MissedEvents missed, AgentEventsClientOptions options, ILogger logger) : ICursorStore
{
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromSeconds(1);

    private readonly object _lock = new();
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private readonly CancellationTokenSource _closing = new();
    private readonly TimeProvider _time = options.TimeProvider;
    private readonly TimeSpan _interval = options.CursorSaveInterval > ShortestInterval ? options.CursorSaveInterval : ShortestInterval;
    private StreamCursor? _newest;
    private long? _writtenAt;
    private bool _isWriting;
    private Task _writing = Task.CompletedTask;

    /// <summary>The user is always named: a token of another user must be refused, not taken for that user's cursors.</summary>
    private string User => "?user_id=" + Uri.EscapeDataString(options.UserId!);

    private string Path => $"{Routes.Cursors}/{consumer}{User}";

    /// <summary>Asks until the server answers: "no cursor" must be its word, not our guess.</summary>
    public async ValueTask<StreamCursor?> LoadAsync(CancellationToken cancellationToken)
    {
        for (int failures = 0; ; failures++)
        {
            try
            {
                return await ReadAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception fault) when (fault is not AccessDeniedException && !cancellationToken.IsCancellationRequested)
            {
                var wait = RetryAfter.Respect(ExponentialBackoffRetryPolicy.DelayFor(failures, jitter: 0.5, options.Jitter), fault, options.Jitter);
                ClientLog.CursorNotLoaded(logger, consumer, wait, fault);
                await _time.Wait(wait, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Places the cursor, backwards too, in the stead of whatever was to be written.</summary>
    public async ValueTask SaveAsync(StreamCursor cursor, CancellationToken cancellationToken)
    {
        lock (_lock) _newest = null;
        await _oneAtATime.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var stored = await PutAsync(cursor.Position, cancellationToken).ConfigureAwait(false);
            if (stored is null || !stored.Position.IsSameHistoryAs(cursor.Position) || stored.Position.Sequence <= cursor.Position.Sequence) return;

            // The server moves a cursor forward only; going back is to give it up and begin another.
            await SendAsync(HttpMethod.Delete, Path, json: null, cancellationToken).ConfigureAwait(false);
            await PutAsync(cursor.Position, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>The cursor has moved: it is written soon.</summary>
    public void SaveSoon(StreamCursor cursor)
    {
        lock (_lock)
        {
            _newest = cursor;
            if (_isWriting) return;
            _isWriting = true;
            _writing = Task.Run(WriteWhileItMovesAsync, CancellationToken.None);
        }
    }

    /// <summary>Writes what is not written yet, once, and nothing afterwards.</summary>
    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        _closing.Cancel();
        await _writing.OrCancelled(cancellationToken).ConfigureAwait(false);
        await WriteNewestAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task WriteWhileItMovesAsync()
    {
        int failures = 0;
        while (!_closing.IsCancellationRequested)
        {
            var pause = _writtenAt is { } at ? _interval - _time.GetElapsedTime(at) : TimeSpan.Zero;
            try
            {
                await _time.Wait(pause, _closing.Token).ConfigureAwait(false);
                await WriteNewestAsync(_closing.Token).ConfigureAwait(false);
                failures = 0;
            }
            catch (Exception fault) when (!_closing.IsCancellationRequested)
            {
                ClientLog.CursorNotSaved(logger, _newest?.Position ?? default, fault);
                await WaitAfterFailureAsync(failures++, fault).ConfigureAwait(false);
            }
            catch (Exception) when (_closing.IsCancellationRequested)
            {
                return; // closing writes the rest, and reports what it cannot
            }

            lock (_lock)
            {
                if (_newest is not null) continue;
                _isWriting = false;
                return;
            }
        }
    }

    private async Task WaitAfterFailureAsync(int failures, Exception fault)
    {
        var wait = RetryAfter.Respect(ExponentialBackoffRetryPolicy.DelayFor(failures, jitter: 0.5, options.Jitter), fault, options.Jitter);
        await Task.WhenAny(_time.Wait(wait, _closing.Token)).ConfigureAwait(false);
    }

    private async Task WriteNewestAsync(CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            StreamCursor? cursor;
            lock (_lock) cursor = _newest;
            if (cursor is null) return;

            await PutAsync(cursor.Position, cancellationToken).ConfigureAwait(false);
            _writtenAt = _time.GetTimestamp();
            lock (_lock)
            {
                if (_newest == cursor) _newest = null;
            }
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private async Task<StreamCursor?> ReadAsync(CancellationToken cancellationToken)
    {
        var answer = await SendAsync(HttpMethod.Get, Routes.Cursors + User, json: null, cancellationToken).ConfigureAwait(false);
        if (!answer.IsSuccess) throw answer.ToException();
        var cursors = Read(answer.Body, RealtimeJsonContext.Default.IReadOnlyListConsumerCursor);
        foreach (var kept in cursors)
        {
            if (string.Equals(kept.Consumer, consumer, StringComparison.Ordinal)) return await WithEventAsync(kept.Position, cancellationToken).ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>The server keeps a position only; id and time of the event there are asked for, so that a rewritten history is noticed later.</summary>
    private async Task<StreamCursor> WithEventAsync(StreamPosition position, CancellationToken cancellationToken)
    {
        var cursor = new StreamCursor { ServerUrl = options.ServerKey, UserId = options.UserId!, Position = position };
        if (position.Sequence == 0) return cursor;

        var question = new EventsQuestion { After = position.At(position.Sequence - 1), Limit = 1 };
        return await missed.AskAsync(question, cancellationToken).ConfigureAwait(false) is EventsAnswer.Page { Content.Events: [var here, ..] } && here.Position == position
            ? cursor with { Id = here.Id, Time = here.Time }
            : cursor; // trimmed, or of another history: the first question for events will say so
    }

    /// <summary>Moves the cursor forward; <see langword="null"/> when its history is lost, which the stream itself will report.</summary>
    private async Task<ConsumerCursor?> PutAsync(StreamPosition position, CancellationToken cancellationToken)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(new CursorChange { Position = position }, RealtimeJsonContext.Default.CursorChange);
        var answer = await SendAsync(HttpMethod.Put, Path, json, cancellationToken).ConfigureAwait(false);
        if (answer.IsSuccess) return Read(answer.Body, RealtimeJsonContext.Default.ConsumerCursor);
        if (answer.Status != HttpStatusCode.Gone || Problem.Read(answer.Body).Reason is not { } reason) throw answer.ToException();

        ClientLog.CursorRefused(logger, position, reason);
        return null;
    }

    private async Task<RestAnswer> SendAsync(HttpMethod method, string pathAndQuery, byte[]? json, CancellationToken cancellationToken)
    {
        using var limit = _time.CancelAfter(options.RequestTimeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var answer = await rest.SendAsync(method, pathAndQuery, json, either.Token).OrCancelled(either.Token).ConfigureAwait(false);
            if (answer.Status == HttpStatusCode.Forbidden && Problem.Read(answer.Body).Type == ProblemTypes.WrongUser) throw new AccessDeniedException(options.UserId!);
            return answer;
        }
        catch (OperationCanceledException late) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"No answer about the cursor within {options.RequestTimeout}.", late);
        }
    }

    private static T Read<T>(byte[] body, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(body, type) ?? throw new RealtimeException("The server answered with no cursor.");
        }
        catch (JsonException fault)
        {
            throw new RealtimeException("The server's answer about the cursor cannot be read.", fault);
        }
    }
}
