namespace Realtime.Server.FanOut;

/// <summary>Why a message of Redis is not taken.</summary>
internal enum ShardFault
{
    /// <summary>It is taken.</summary>
    None,

    /// <summary>No message of ours, or cut short.</summary>
    Malformed,

    /// <summary>As releases wrote it that did not sign.</summary>
    Unsigned,

    /// <summary>Signed with another key, or changed on its way.</summary>
    Forged,

    /// <summary>Genuine, and copied from the channel of another group.</summary>
    Misdirected,

    /// <summary>Genuine, and its event was pushed here before.</summary>
    Repeated,
}
