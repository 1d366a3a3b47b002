using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Realtime.Client.Connection;
using Realtime.Client.Cursors;
using Realtime.Client.Ordering;
using Realtime.Client.Recovery;
using Realtime.Client.Subscriptions;
using Realtime.Client.Telemetry;
using Realtime.Contracts;

namespace Realtime.Client;

/// <summary>
/// Reads the events of one user: each once per process, in order, without a gap, whatever happens to connections and servers.
/// Register handlers with <c>On</c> and start, or start and enumerate <see cref="ReadAllAsync"/>. Handlers run one after the
/// other; the cursor passes an event when its handlers have finished. All members are thread-safe.
/// </summary>
/// <remarks>A client runs once: after it has stopped, create another.</remarks>
public sealed class AgentEventsClient : IAsyncDisposable
{
    private static readonly TimeSpan HandlerGrace = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);

    private readonly object _lock = new();
    private readonly AgentEventsClientOptions _options;
    private readonly ILogger _logger;
    private readonly NotificationQueue<ConnectionStateChangedEventArgs> _notifications;
    private readonly ConnectionStateMachine _states;
    private readonly CursorKeeper _cursors;
    private readonly RestLink _rest;
    private readonly ConnectionLoop _connections;
    private readonly StreamFollower _follower;
    private readonly HandlerSink _handlers;
    private readonly EnumerationSink _enumeration = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _abandoning = new();
    private readonly TaskCompletionSource<bool> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _run;
    private bool _isEnumerating;
    private bool _isDisposed;

    /// <summary>Creates a client; it does nothing until it is started.</summary>
    /// <param name="options">How to read; copied.</param>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is null.</exception>
    /// <exception cref="ArgumentException">An option is missing or out of range; the message names it.</exception>
    public AgentEventsClient(AgentEventsClientOptions options)
    {
        _options = options?.Validated() ?? throw new ArgumentNullException(nameof(options));
        _logger = _options.LoggerFactory.CreateLogger("Realtime.Client");
        _notifications = new NotificationQueue<ConnectionStateChangedEventArgs>(Raise, _logger);
        _states = new ConnectionStateMachine(_options.TimeProvider, _notifications, _logger);
        _handlers = new HandlerSink(_options, parked => EventParked?.Invoke(this, parked), _logger);

        var live = new LiveBuffer(_options.LiveBufferCapacity, _options.TimeProvider, new WakeSignal(_options.TimeProvider));
        var tokens = new TokenSource(_options.AccessTokenProvider!);
        _rest = new RestLink(_options.ServerUrl!, tokens, _options.HttpMessageHandler, _options.TimeProvider);
        var missed = new MissedEvents(_rest, _options);
        var onServer = _options.CursorStore is ServerCursorStore kept ? new ServerKeptCursor(kept.Consumer, _rest, missed, _options, _logger) : null;
        _cursors = new CursorKeeper(_options, _logger, onServer);
        var pump = new EventPump(_options, new SinkChoice(this), _cursors);
        _follower = new StreamFollower(_options, live, missed, pump, _cursors, _states, lost => HistoryLost?.Invoke(this, lost), _logger);
        var probe = new HandshakeProbe(missed, _cursors, tokens, live);
        _connections = new ConnectionLoop(_options, live, tokens, _rest, missed, probe, _states, _logger);
    }

    /// <summary>The state has changed. Raised one by one, in order, from a task of its own.</summary>
    public event EventHandler<ConnectionStateChangedEventArgs>? StateChanged;

    /// <summary>Everything that had happened when the connection was made has been processed. Raised after each (re)connect, like <see cref="StateChanged"/>.</summary>
    public event EventHandler? CaughtUp;

    /// <summary>
    /// The stream cannot be continued from where the client was: trimmed, restored or replaced. Raised between two events, on the
    /// task that hands them over, which goes on from <see cref="HistoryLostEventArgs.ContinueFrom"/> when the callback returns.
    /// </summary>
    public event EventHandler<HistoryLostEventArgs>? HistoryLost;

    /// <summary>An event could not be handled and the cursor passes it. Raised on the task that hands events over, before the cursor moves.</summary>
    public event EventHandler<EventParkedEventArgs>? EventParked;

    /// <summary>What the client is doing, since when and why.</summary>
    public ConnectionStatus Status => _states.Current;

    /// <summary>Up to where events have been processed; <see langword="null"/> until the start is known.</summary>
    public StreamPosition? Position => _cursors.Current?.Position;

    /// <summary>Ends when the client has stopped; faulted when an error stopped it.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Registers a handler for events of one type. Only before the client starts.</summary>
    /// <typeparam name="T">CLR type of the data, registered in <see cref="AgentEventsClientOptions.EventTypes"/>.</typeparam>
    /// <param name="handler">Called for each event; its token is cancelled when the client has stopped and 2 s have passed.</param>
    /// <returns>This client.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="handler"/> is null.</exception>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is not a registered event type.</exception>
    /// <exception cref="InvalidOperationException">The client has been started, or its events are enumerated.</exception>
    /// <exception cref="ObjectDisposedException">It has been disposed.</exception>
    public AgentEventsClient On<T>(Func<AgentEvent<T>, CancellationToken, Task> handler)
        where T : class
    {
        if (handler is null) throw new ArgumentNullException(nameof(handler));
        if (!_options.EventTypes.TryGet(typeof(T), out _)) throw new ArgumentException($"{typeof(T)} is not a registered event type.", nameof(handler));
        Register(() => _handlers.Add(handler));
        return this;
    }

    /// <summary>Registers a handler for every event, also of types that are unknown here and whose data is raw. Only before the client starts.</summary>
    /// <param name="handler">Called for each event.</param>
    /// <returns>This client.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="handler"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The client has been started, or its events are enumerated.</exception>
    /// <exception cref="ObjectDisposedException">It has been disposed.</exception>
    public AgentEventsClient On(Func<AgentEvent, CancellationToken, Task> handler)
    {
        if (handler is null) throw new ArgumentNullException(nameof(handler));
        Register(() => _handlers.Add(handler));
        return this;
    }

    /// <summary>
    /// Starts, and completes when the start position is known and saved: nothing published from then on is missed. With a cursor
    /// stored here that needs no server; without one it waits until the server answers, and tries for ever.
    /// </summary>
    /// <param name="cancellationToken">Gives up starting; the client has then stopped.</param>
    /// <exception cref="InvalidOperationException">It was started before.</exception>
    /// <exception cref="ObjectDisposedException">It has been disposed.</exception>
    /// <exception cref="AccessDeniedException">The token is another user's.</exception>
    /// <exception cref="CursorUnreadableException">There is a cursor, but it cannot be read.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            ThrowIfDisposed_NeedsLock();
            if (_run is not null) throw new InvalidOperationException("The client has been started before; create another.");
            _run = Task.Run(RunAsync, CancellationToken.None);
        }

        try
        {
            var first = await Task.WhenAny(_follower.Started, _completion.Task).OrCancelled(cancellationToken).ConfigureAwait(false);
            await first.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await StopAsync(CancellationToken.None).ConfigureAwait(false);
            throw;
        }

        if (!_follower.Started.IsCompleted) throw new OperationCanceledException("The client was stopped while it started.");
    }

    /// <summary>
    /// Every event, in order, for <c>await foreach</c>; instead of handlers. The cursor passes an item when the next one is asked for;
    /// an item during which the enumeration is left comes again. Ends when the client stops, with its error if it had one.
    /// </summary>
    /// <param name="cancellationToken">Ends the enumeration; the client goes on.</param>
    /// <exception cref="InvalidOperationException">Handlers are registered, or, when the first event is asked for, another enumeration is running.</exception>
    /// <exception cref="ObjectDisposedException">It has been disposed.</exception>
    public IAsyncEnumerable<AgentEvent> ReadAllAsync(CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            ThrowIfDisposed_NeedsLock();
            if (!_handlers.IsEmpty) throw new InvalidOperationException("Handlers are registered; events go to handlers or to an enumeration, not to both.");
            _isEnumerating = true;
        }

        return _enumeration.ReadAllAsync(cancellationToken);
    }

    /// <summary>Completes when the event at a position has been processed, not merely received.</summary>
    /// <param name="position">For example the position that a publish returned.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="HistoryLostException">The position's history is lost.</exception>
    /// <exception cref="RealtimeException">The client has stopped before it.</exception>
    public Task WaitForAsync(StreamPosition position, CancellationToken cancellationToken = default) =>
        _cursors.WaitForAsync(position, cancellationToken);

    /// <summary>
    /// Stops: no further event is handed over, the handler at work gets 2 s before its token is cancelled, the cursor is saved.
    /// Takes at most about 5 s. Does nothing when the client is not running.
    /// </summary>
    /// <param name="cancellationToken">Ends the waiting, not the stopping.</param>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        Task run;
        lock (_lock) run = _run ??= EndWithoutRunning();

        Cancel(_stopping);
        if (await run.EndsWithin(StopLimit, TimeProvider.System).OrCancelled(cancellationToken).ConfigureAwait(false)) return;

        ClientLog.Abandoned(_logger, "running client");
        Ended(error: null);
    }

    /// <summary>Stops as <see cref="StopAsync"/> does and frees everything. Safe at any time, also while starting and more than once.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            _isDisposed = true;
        }

        await StopAsync(CancellationToken.None).ConfigureAwait(false);
        _rest.Dispose();
    }

    private async Task RunAsync()
    {
        Activity.Current = null; // whatever started the client is not the cause of its events
        ClientTimings.StartAtZero();
        var notifying = _notifications.RunAsync();
        var following = _follower.RunAsync(new ClientLifetime(_stopping.Token, _abandoning.Token));
        var connecting = _connections.RunAsync(_stopping.Token);
        var both = Task.WhenAll(following, connecting);

        var first = await Task.WhenAny(following, connecting).ConfigureAwait(false);
        Cancel(_stopping);
        if (!await both.EndsWithin(HandlerGrace, TimeProvider.System).ConfigureAwait(false)) Cancel(_abandoning);
        await Task.WhenAny(both).ConfigureAwait(false);

        await CloseCursorAsync().ConfigureAwait(false);
        Ended(ErrorOf(first) ?? ErrorOf(following) ?? ErrorOf(connecting));
        _notifications.Complete();
        await notifying.EndsWithin(HandlerGrace, TimeProvider.System).ConfigureAwait(false);
    }

    private async Task CloseCursorAsync()
    {
        using var limit = _options.TimeProvider.CancelAfter(HandlerGrace);
        await _cursors.CloseAsync(limit.Token).ConfigureAwait(false);
    }

    private Exception? ErrorOf(Task task)
    {
        if (!task.IsFaulted) return null;
        var error = task.Exception!.InnerException!;
        return error is OperationCanceledException && _stopping.IsCancellationRequested ? null : error;
    }

    private Task EndWithoutRunning()
    {
        Ended(error: null);
        return Task.CompletedTask;
    }

    private void Ended(Exception? error)
    {
        if (error is not null) ClientLog.Stopped(_logger, error);
        _states.TryMove(ConnectionState.Stopped, error is null ? "stopped" : FailureText.Of(error, "stopped by an error"), error);
        _cursors.Stopped(error ?? new RealtimeException("The client has stopped."));
        _enumeration.Complete(error);
        if (error is null) _completion.TrySetResult(true);
        else _completion.TrySetException(error);
        _ = _completion.Task.Exception; // whoever does not ask for it must not be told by the finalizer
    }

    private void Register(Action add)
    {
        lock (_lock)
        {
            ThrowIfDisposed_NeedsLock();
            if (_run is not null) throw new InvalidOperationException("Handlers are registered before the client starts, so that none misses an event.");
            if (_isEnumerating) throw new InvalidOperationException("The events are enumerated; they go to handlers or to an enumeration, not to both.");
            add();
        }
    }

    private void Raise(ConnectionStateChangedEventArgs change)
    {
        StateChanged?.Invoke(this, change);
        if (change is { Previous.State: ConnectionState.CatchingUp, Current.State: ConnectionState.Live }) CaughtUp?.Invoke(this, EventArgs.Empty);
    }

    private void ThrowIfDisposed_NeedsLock()
    {
        if (_isDisposed) throw new ObjectDisposedException(nameof(AgentEventsClient));
    }

    /// <summary>Runs what waits for the token elsewhere, so that nobody's continuation delays or breaks the caller.</summary>
    private static void Cancel(CancellationTokenSource source) => _ = Task.Run(source.Cancel);

    /// <summary>Handlers when there are any, else the enumeration; known when the first event arrives.</summary>
    private sealed class SinkChoice(AgentEventsClient client) : IEventSink
    {
        public Task HandAsync(AgentEvent agentEvent, ClientLifetime lifetime) =>
            client._handlers.IsEmpty ? client._enumeration.HandAsync(agentEvent, lifetime) : client._handlers.HandAsync(agentEvent, lifetime);
    }
}
