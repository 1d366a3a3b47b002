using System.Net;
using Realtime.Contracts;

namespace Realtime.Client;

/// <summary>Base of the exceptions that this package throws on its own account.</summary>
public class RealtimeException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What went wrong, naming the stream.</param>
    /// <param name="innerException">The cause.</param>
    public RealtimeException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

/// <summary>The token is valid but belongs to another user, so trying again is useless: the client has stopped.</summary>
public sealed class AccessDeniedException : RealtimeException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="userId">The user whose stream was asked for.</param>
    /// <param name="innerException">The cause.</param>
    public AccessDeniedException(string userId, Exception? innerException = null)
        : base($"The access token does not belong to the user '{userId}'.", innerException) => UserId = userId;

    /// <summary>The user whose stream was asked for.</summary>
    public string UserId { get; }
}

/// <summary>The server answered a request with an unexpected status.</summary>
public sealed class ServerAnswerException : RealtimeException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="status">HTTP status of the answer.</param>
    /// <param name="problemType"><c>type</c> of the ProblemDetails; <see langword="null"/> when the answer is not the server's own, a proxy's for instance.</param>
    /// <param name="message">What was asked and what came back.</param>
    /// <param name="retryAfter">How long the server asks to wait.</param>
    public ServerAnswerException(HttpStatusCode status, string? problemType, string message, TimeSpan? retryAfter = null)
        : base(message)
    {
        Status = status;
        ProblemType = problemType;
        RetryAfter = retryAfter;
    }

    /// <summary>HTTP status of the answer.</summary>
    public HttpStatusCode Status { get; }

    /// <summary><c>type</c> of the ProblemDetails, one of <see cref="ProblemTypes"/>; <see langword="null"/> when the answer is not the server's own.</summary>
    public string? ProblemType { get; }

    /// <summary>How long the server asks to wait before the next try.</summary>
    public TimeSpan? RetryAfter { get; }
}

/// <summary>The server refused a publish for good: nothing was stored, and the same request would be refused again.</summary>
public sealed class PublishRejectedException : RealtimeException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="status">HTTP status of the answer.</param>
    /// <param name="problemType"><c>type</c> of the ProblemDetails.</param>
    /// <param name="message">What is wrong.</param>
    /// <param name="errors">What is wrong, by field.</param>
    public PublishRejectedException(
        HttpStatusCode status, string? problemType, string message, IReadOnlyDictionary<string, IReadOnlyList<string>> errors)
        : base(message)
    {
        Status = status;
        ProblemType = problemType;
        Errors = errors;
    }

    /// <summary>HTTP status of the answer.</summary>
    public HttpStatusCode Status { get; }

    /// <summary><c>type</c> of the ProblemDetails; <see langword="null"/> when the answer is not the server's own.</summary>
    public string? ProblemType { get; }

    /// <summary>What is wrong, by field, for example <c>data.stepIndex</c> or <c>[3].userId</c>; empty when the server named none.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Errors { get; }
}

/// <summary>A handler failed on every attempt and the policy says to stop: the client has stopped before this event.</summary>
public sealed class HandlerFailedException : RealtimeException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="position">The event that could not be handled; the cursor stands before it.</param>
    /// <param name="attempts">How often it was tried.</param>
    /// <param name="innerException">What the handler threw last.</param>
    public HandlerFailedException(StreamPosition position, int attempts, Exception innerException)
        : base($"The event at {position} could not be handled in {attempts} attempt(s); the cursor stays before it.", innerException)
    {
        Position = position;
        Attempts = attempts;
    }

    /// <summary>The event that could not be handled; the cursor stands before it.</summary>
    public StreamPosition Position { get; }

    /// <summary>How often it was tried.</summary>
    public int Attempts { get; }
}

/// <summary>The position that was waited for belongs to a history that is lost.</summary>
public sealed class HistoryLostException : RealtimeException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="position">The position that will never be reached.</param>
    /// <param name="reason">Why.</param>
    public HistoryLostException(StreamPosition position, HistoryLostReason reason)
        : base($"The position {position} will not be reached: its history is lost ({reason}).")
    {
        Position = position;
        Reason = reason;
    }

    /// <summary>The position that will never be reached.</summary>
    public StreamPosition Position { get; }

    /// <summary>Why.</summary>
    public HistoryLostReason Reason { get; }
}

/// <summary>
/// A stored cursor exists but cannot be read. Going on without it could skip events, so the client does not start:
/// restore the file, or delete it to begin without a cursor.
/// </summary>
public sealed class CursorUnreadableException : RealtimeException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="where">Where the cursor is stored.</param>
    /// <param name="innerException">The cause.</param>
    public CursorUnreadableException(string where, Exception innerException)
        : base($"The cursor in '{where}' cannot be read. Restore it, or delete it to begin without a cursor.", innerException)
    {
    }
}
