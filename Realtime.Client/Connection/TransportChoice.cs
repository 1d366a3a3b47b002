namespace Realtime.Client.Connection;

/// <summary>
/// Decides what carries the next connection. WebSockets whose handshake fails three times, without one of them having lasted, while the server
/// answers otherwise, are blocked: then server-sent events take over, and WebSockets are tried again after some minutes, and whenever those
/// fail too. Not thread-safe; pure but for the clock.
/// </summary>
internal sealed class TransportChoice(ClientTransport wanted, TimeProvider time, Func<double> jitter)
{
    internal const int FailuresBeforeFallback = 3;

    private static readonly TimeSpan SoonestTrial = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan LatestTrial = TimeSpan.FromMinutes(7);

    private readonly Alarm _trial = new(time);
    private int _failures;
    private bool _isTrying;

    /// <summary>What carries the next connection.</summary>
    public ClientTransport Next => wanted switch
    {
        ClientTransport.Automatic => IsBlocked && !_isTrying ? ClientTransport.ServerSentEvents : ClientTransport.WebSockets,
        _ => wanted,
    };

    /// <summary>How long to stay with server-sent events before WebSockets are tried again; <see langword="null"/>: for ever.</summary>
    public TimeSpan? TrialIn => wanted == ClientTransport.Automatic && _trial.IsSet ? Alarm.Earliest(_trial) : null;

    private bool IsBlocked => _failures >= FailuresBeforeFallback;

    /// <summary>A handshake has failed, or a stream has ended that did not last.</summary>
    /// <param name="transport">What carried it.</param>
    /// <param name="isServerAnswering">Whether the server answers otherwise.</param>
    public void Failed(ClientTransport transport, bool isServerAnswering)
    {
        if (transport == ClientTransport.ServerSentEvents)
        {
            _isTrying = true;
            return;
        }

        _isTrying = false;
        if (!isServerAnswering) return;
        _failures = Math.Min(_failures + 1, FailuresBeforeFallback);
        if (IsBlocked) _trial.In(JitterSource.Between(jitter, SoonestTrial, LatestTrial));
    }

    /// <summary>A connection has lasted, and ended or is to be replaced.</summary>
    /// <param name="transport">What carried it.</param>
    public void Lasted(ClientTransport transport)
    {
        if (transport == ClientTransport.WebSockets) _failures = 0;
        _isTrying = transport == ClientTransport.ServerSentEvents && _trial.IsDue;
    }
}
