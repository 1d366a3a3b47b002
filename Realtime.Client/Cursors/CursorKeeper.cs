using Microsoft.Extensions.Logging;
using Realtime.Client.Telemetry;
using Realtime.Contracts;

namespace Realtime.Client.Cursors;

/// <summary>
/// The position up to which the application has processed, in memory and in the store. Only the task that follows the
/// stream moves it; reading and waiting are thread-safe.
/// </summary>
internal sealed class CursorKeeper(AgentEventsClientOptions options, ILogger logger, ServerKeptCursor? onServer = null)
{
    private readonly object _lock = new();
    private readonly List<Waiter> _waiters = [];
    private readonly string _serverKey = options.ServerKey;
    private readonly ICursorStore _store = onServer ?? options.CursorStore;
    private volatile StreamCursor? _current;
    private Exception? _end;
    private bool _isDirty;
    private long _savedAt;

    /// <summary>What has been processed; <see langword="null"/> until the start is known.</summary>
    public StreamCursor? Current => _current;

    /// <summary>The stored cursor, if it is of this server and user.</summary>
    public async Task<StreamCursor?> LoadAsync(CancellationToken cancellationToken)
    {
        var stored = await _store.LoadAsync(cancellationToken).ConfigureAwait(false);
        if (stored is null) return null;
        if (IsOurs(stored)) return stored;

        ClientLog.ForeignCursor(logger, stored.ServerUrl, stored.UserId);
        return null;
    }

    /// <summary>
    /// Puts the cursor somewhere else: the start, or after history was lost. Saved before anything is delivered from there; a store
    /// that fails is reported and tried again until it takes it.
    /// </summary>
    /// <exception cref="AccessDeniedException">The token is another user's.</exception>
    public async Task PutAsync(StreamPosition position, Guid? id, DateTimeOffset? time, CancellationToken cancellationToken)
    {
        var cursor = Make(position, id, time);
        for (int failures = 0; ; failures++)
        {
            try
            {
                await _store.SaveAsync(cursor, cancellationToken).ConfigureAwait(false);
                break;
            }
            catch (Exception fault) when (fault is not AccessDeniedException)
            {
                cancellationToken.ThrowIfCancellationRequested(); // whoever stops is not to hear of the store
                var wait = ExponentialBackoffRetryPolicy.DelayFor(failures, jitter: 0.5, options.Jitter);
                ClientLog.StartNotSaved(logger, position, wait, fault);
                await options.TimeProvider.Wait(wait, cancellationToken).ConfigureAwait(false);
            }
        }

        _isDirty = false;
        _savedAt = options.TimeProvider.GetTimestamp();
        Publish(cursor);
    }

    /// <summary>Goes on from a stored cursor.</summary>
    public void Resume(StreamCursor stored) => Publish(stored);

    /// <summary>An event has been processed. Saves now and then; <see cref="FlushAsync"/> saves the rest.</summary>
    public Task MovePastAsync(AgentEventEnvelope processed, CancellationToken cancellationToken)
    {
        var cursor = Make(processed.Position, processed.Id, processed.Time);
        Publish(cursor);
        if (onServer is not null)
        {
            onServer.SaveSoon(cursor);
            return Task.CompletedTask;
        }

        _isDirty = true;
        bool isDue = options.TimeProvider.GetElapsedTime(_savedAt) >= options.CursorSaveInterval;
        return isDue ? FlushAsync(cancellationToken) : Task.CompletedTask;
    }

    /// <summary>Saves what is not saved yet. A failing store is reported and tried again with the next event: the price is a repetition after a crash, never a loss.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (!_isDirty || _current is not { } cursor) return;
        try
        {
            await _store.SaveAsync(cursor, cancellationToken).ConfigureAwait(false);
            _isDirty = false;
            _savedAt = options.TimeProvider.GetTimestamp();
        }
        catch (Exception fault)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _savedAt = options.TimeProvider.GetTimestamp();
            ClientLog.CursorNotSaved(logger, cursor.Position, fault);
        }
    }

    /// <summary>Saves for the last time. Never throws: a client ends whatever its store does.</summary>
    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (onServer is not null) await onServer.CloseAsync(cancellationToken).ConfigureAwait(false);
            else await FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            ClientLog.CursorNotSaved(logger, _current?.Position ?? default, fault);
        }
    }

    /// <summary>Completes when the position has been processed.</summary>
    public Task WaitForAsync(StreamPosition position, CancellationToken cancellationToken)
    {
        Waiter waiter;
        lock (_lock)
        {
            if (HasReached(position)) return Task.CompletedTask;
            if (_end is not null) return Task.FromException(_end);
            waiter = new Waiter(position);
            _waiters.Add(waiter);
        }

        return waiter.WaitAsync(this, cancellationToken);
    }

    /// <summary>Positions of a history that is lost will not be reached: tells whoever waits for one.</summary>
    public void HistoryLost(HistoryLostReason reason, string currentEpoch) =>
        End(waiter => waiter.Position.Epoch != currentEpoch, waiter => new HistoryLostException(waiter.Position, reason));

    /// <summary>The client has ended: tells whoever waits.</summary>
    public void Stopped(Exception reason)
    {
        lock (_lock) _end = reason;
        End(_ => true, _ => reason);
    }

    private void Publish(StreamCursor cursor)
    {
        List<Waiter>? reached = null;
        lock (_lock)
        {
            _current = cursor;
            if (_waiters.Count == 0) return;
            reached = _waiters.FindAll(w => HasReached(w.Position));
            _waiters.RemoveAll(reached.Contains);
        }

        foreach (var waiter in reached) waiter.Completion.TrySetResult(true);
    }

    private void End(Predicate<Waiter> which, Func<Waiter, Exception> why)
    {
        List<Waiter> ended;
        lock (_lock)
        {
            ended = _waiters.FindAll(which);
            _waiters.RemoveAll(which);
        }

        foreach (var waiter in ended) waiter.Completion.TrySetException(why(waiter));
    }

    private bool HasReached(StreamPosition position) =>
        _current is { } cursor && cursor.Position.IsSameHistoryAs(position) && cursor.Position.Sequence >= position.Sequence;

    private bool IsOurs(StreamCursor cursor) =>
        string.Equals(cursor.ServerUrl, _serverKey, StringComparison.Ordinal)
        && string.Equals(cursor.UserId, options.UserId, StringComparison.Ordinal)
        && cursor.Position != default;

    private StreamCursor Make(StreamPosition position, Guid? id, DateTimeOffset? time) =>
        new() { ServerUrl = _serverKey, UserId = options.UserId!, Position = position, Id = id, Time = time };

    private sealed class Waiter(StreamPosition position)
    {
        public StreamPosition Position { get; } = position;

        public TaskCompletionSource<bool> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task WaitAsync(CursorKeeper keeper, CancellationToken cancellationToken)
        {
            try
            {
                await Completion.Task.OrCancelled(cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                lock (keeper._lock) keeper._waiters.Remove(this);
            }
        }
    }
}
