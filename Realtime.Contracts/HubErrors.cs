namespace Realtime.Contracts;

/// <summary>Messages of the <c>HubException</c>s that hub methods fail with.</summary>
public static class HubErrors
{
    /// <summary>The event store did not answer within 2 s; the connection stays.</summary>
    public const string StoreUnavailable = "store_unavailable";

    /// <summary>The new token belongs to another user; the connection is ended.</summary>
    public const string UserChanged = "user_changed";

    /// <summary>The new token is not valid; the connection keeps its old expiry.</summary>
    public const string InvalidToken = "invalid_token";

    /// <summary>The new token cannot be judged now; the connection keeps its old expiry, and the same token may be good later.</summary>
    public const string AuthorityUnavailable = "authority_unavailable";

    /// <summary>An argument is malformed.</summary>
    public const string InvalidArgument = "invalid_argument";

    /// <summary>The connection makes too many calls; it is closed if it goes on.</summary>
    public const string TooManyCalls = "too_many_calls";

    /// <summary>The position is ahead of the head or of another epoch.</summary>
    public const string HistoryLost = "history_lost";
}
