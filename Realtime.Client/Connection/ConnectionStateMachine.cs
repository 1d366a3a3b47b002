using Microsoft.Extensions.Logging;
using Realtime.Client.Telemetry;

namespace Realtime.Client.Connection;

/// <summary>
/// Owns the connection's state; <see cref="TryMove"/> is the only way to change it. Moves that are not in the table are
/// refused, and so is a move that was decided for an older connection. Thread-safe; calls nobody back: changes are queued
/// in order for the application.
/// </summary>
internal sealed class ConnectionStateMachine(TimeProvider time, NotificationQueue<ConnectionStateChangedEventArgs> changes, ILogger logger)
{
    private readonly object _lock = new();
    private ConnectionStatus _status = new() { State = ConnectionState.Disconnected, Reason = "not started", Since = time.GetUtcNow() };
    private int _generation;
    private long _sinceTimestamp = time.GetTimestamp();
    private TimeSpan _wasLiveFor;
    private ClientTransport? _transport;

    public ConnectionStatus Current
    {
        get { lock (_lock) return _status; }
    }

    /// <summary>Number of the current connection, counted up with every (re)connect.</summary>
    public int Generation
    {
        get { lock (_lock) return _generation; }
    }

    /// <summary>
    /// How long the current connection has been live without a break, by the clock that nobody sets; what it gives is taken, so
    /// that one connection counts once.
    /// </summary>
    public TimeSpan TakeLiveTime()
    {
        lock (_lock)
        {
            var liveFor = _status.State == ConnectionState.Live ? Longest(_wasLiveFor, time.GetElapsedTime(_sinceTimestamp)) : _wasLiveFor;
            _wasLiveFor = TimeSpan.Zero;
            return liveFor;
        }
    }

    /// <param name="to">The new state.</param>
    /// <param name="reason">Why, for people.</param>
    /// <param name="error">The error behind it.</param>
    /// <param name="nextAttemptIn">How long until the next attempt.</param>
    /// <param name="failedAttempts">Attempts that have failed.</param>
    /// <param name="generation">The connection the decision was made for; <see langword="null"/> when it holds for any.</param>
    /// <param name="from">The state the decision was made in; <see langword="null"/> when it holds for any that allows the move.</param>
    public bool TryMove(
        ConnectionState to,
        string reason,
        Exception? error = null,
        TimeSpan? nextAttemptIn = null,
        int failedAttempts = 0,
        int? generation = null,
        ConnectionState? from = null)
    {
        ConnectionStatus previous;
        ConnectionStatus next;
        lock (_lock)
        {
            previous = _status;
            if (!IsAllowed(previous.State, to)) return false;
            if (from is { } expected && previous.State != expected) return false;
            if (generation is { } made && made != _generation) return false;

            var now = time.GetUtcNow();
            if (previous.State == ConnectionState.Live && to == ConnectionState.CatchingUp) _wasLiveFor = Longest(_wasLiveFor, time.GetElapsedTime(_sinceTimestamp));
            _sinceTimestamp = time.GetTimestamp();
            next = _status = new ConnectionStatus
            {
                State = to,
                Reason = reason,
                Since = now,
                NextAttemptAt = nextAttemptIn is { } wait ? now + wait : null,
                FailedAttempts = failedAttempts,
                Error = error,
                Transport = to is ConnectionState.CatchingUp or ConnectionState.Live ? _transport : null,
            };
            changes.Add_NeedsLock(new ConnectionStateChangedEventArgs(previous, next));
        }

        ClientLog.StateChanged(logger, previous.State, next.State, reason);
        return true;
    }

    /// <summary>A connection stands: counts up the generation and begins to catch up.</summary>
    /// <param name="reason">Why, for people.</param>
    /// <param name="transport">What carries it.</param>
    /// <returns>The new generation.</returns>
    public int Connected(string reason, ClientTransport transport = ClientTransport.WebSockets)
    {
        int generation;
        lock (_lock)
        {
            generation = ++_generation;
            _wasLiveFor = TimeSpan.Zero;
            _transport = transport;
        }

        TryMove(ConnectionState.CatchingUp, reason, generation: generation);
        return generation;
    }

    private static TimeSpan Longest(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static bool IsAllowed(ConnectionState from, ConnectionState to) => (from, to) switch
    {
        (ConnectionState.Stopped, _) => false,
        (_, ConnectionState.Stopped) => true,
        (ConnectionState.Disconnected, ConnectionState.Connecting) => true,
        (ConnectionState.Connecting, ConnectionState.CatchingUp or ConnectionState.Reconnecting) => true,
        (ConnectionState.CatchingUp, ConnectionState.Live or ConnectionState.Reconnecting) => true,
        (ConnectionState.Live, ConnectionState.CatchingUp or ConnectionState.Reconnecting) => true,
        (ConnectionState.Reconnecting, ConnectionState.Connecting or ConnectionState.CatchingUp or ConnectionState.Reconnecting) => true,
        _ => false,
    };
}
