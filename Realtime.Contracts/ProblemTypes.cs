namespace Realtime.Contracts;

/// <summary>The <c>type</c> of our ProblemDetails answers. A proxy's error page does not carry one.</summary>
public static class ProblemTypes
{
    private const string Prefix = "urn:realtime:problem:";

    /// <summary>401: no token, or one that is not valid.</summary>
    public const string Unauthenticated = Prefix + "unauthenticated";

    /// <summary>403: a valid token of another user.</summary>
    public const string WrongUser = Prefix + "wrong-user";

    /// <summary>403: a valid token without the scope that the call needs.</summary>
    public const string MissingScope = Prefix + "missing-scope";

    /// <summary>403: a page of this origin may not connect to the hub.</summary>
    public const string OriginNotAllowed = Prefix + "origin-not-allowed";

    /// <summary>503: this node is going away and takes no new connection; another one does.</summary>
    public const string Draining = Prefix + "draining";

    /// <summary>403: a publisher's token is restricted to other users or agents; <c>errors</c> and, in an array, <c>index</c> name the event.</summary>
    public const string PublishRestricted = Prefix + "publish-restricted";

    /// <summary>400: a parameter, body or field is malformed; <c>errors</c> names it.</summary>
    public const string InvalidRequest = Prefix + "invalid-request";

    /// <summary>410: the stream cannot be continued from there; <c>reason</c>, <c>head</c> and <c>oldest</c> say why and where it can.</summary>
    public const string HistoryLost = Prefix + "history-lost";

    /// <summary>404: there is nothing of that name.</summary>
    public const string NotFound = Prefix + "not-found";

    /// <summary>413: the body is larger than the server takes.</summary>
    public const string TooLarge = Prefix + "too-large";

    /// <summary>503: the token cannot be judged, because the token authority does not answer; the same request may be accepted later.</summary>
    public const string AuthorityUnavailable = Prefix + "authority-unavailable";

    /// <summary>429: too many requests, events or connects in a short time; <c>limit</c> says which, <c>Retry-After</c> when to come back.</summary>
    public const string TooManyRequests = Prefix + "too-many-requests";

    /// <summary>429: the user has too many open connections to this node.</summary>
    public const string TooManyConnections = Prefix + "too-many-connections";

    /// <summary>503: this node has no room for another connection; another may have.</summary>
    public const string NodeFull = Prefix + "node-full";

    /// <summary>503: the event store does not answer; a retry with the same ids is safe.</summary>
    public const string StoreUnavailable = Prefix + "store-unavailable";
}
