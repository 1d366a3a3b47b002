namespace Realtime.Client;

/// <summary>What a client is doing.</summary>
public enum ConnectionState
{
    /// <summary>Not started.</summary>
    Disconnected,

    /// <summary>An attempt to connect is under way.</summary>
    Connecting,

    /// <summary>Connected, and still handing over events that happened before.</summary>
    CatchingUp,

    /// <summary>Connected, and everything that happened has been processed.</summary>
    Live,

    /// <summary>Not connected; the next attempt follows at <see cref="ConnectionStatus.NextAttemptAt"/>.</summary>
    Reconnecting,

    /// <summary>Ended for good, by the application or by an error that trying again cannot mend.</summary>
    Stopped,
}
