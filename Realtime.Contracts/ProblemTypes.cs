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

    /// <summary>400: a parameter, body or field is malformed; <c>errors</c> names it.</summary>
    public const string InvalidRequest = Prefix + "invalid-request";

    /// <summary>410: the stream cannot be continued from there; <c>reason</c>, <c>head</c> and <c>oldest</c> say why and where it can.</summary>
    public const string HistoryLost = Prefix + "history-lost";

    /// <summary>404: there is nothing of that name.</summary>
    public const string NotFound = Prefix + "not-found";

    /// <summary>413: the body is larger than the server takes.</summary>
    public const string TooLarge = Prefix + "too-large";

    /// <summary>503: the event store does not answer; a retry with the same ids is safe.</summary>
    public const string StoreUnavailable = Prefix + "store-unavailable";
}
