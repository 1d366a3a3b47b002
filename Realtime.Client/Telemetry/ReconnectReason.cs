using Realtime.Client.Connection;

namespace Realtime.Client.Telemetry;

/// <summary>Why a connection has to be made anew; the label <c>reason</c>. Stable.</summary>
internal static class ReconnectReason
{
    /// <summary>The server asked for it, because it is going away.</summary>
    public const string ServerLeaving = "server_leaving";

    /// <summary>A connection that stood broke.</summary>
    public const string Dropped = "dropped";

    /// <summary>A connection that stood did not answer any more, and was given up.</summary>
    public const string Silent = "silent";

    /// <summary>An attempt to connect was refused or did not get through.</summary>
    public const string ConnectFailed = "connect_failed";

    /// <summary>An attempt to connect was refused with the word to come back later.</summary>
    public const string Limited = "limited";

    public static readonly string[] All = [ServerLeaving, Dropped, Silent, ConnectFailed, Limited];

    public static string Of(LinkEnd end) => end switch
    {
        { ReturnAfter: not null } => ServerLeaving,
        { HasHandshakeFailed: true, Error: ServerAnswerException { RetryAfter: not null } } => Limited,
        { HasHandshakeFailed: true } => ConnectFailed,
        { Error: TimeoutException } => Silent,
        _ => Dropped,
    };
}
