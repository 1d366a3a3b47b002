using Microsoft.Extensions.Logging;
using Realtime.Contracts;

namespace Realtime.Client.Telemetry;

/// <summary>Every log line of the client. Event ids are stable; no line ever holds a token.</summary>
internal static partial class ClientLog
{
    [LoggerMessage(1, LogLevel.Debug, "{From} -> {To}: {Reason}")]
    public static partial void StateChanged(ILogger logger, ConnectionState from, ConnectionState to, string reason);

    [LoggerMessage(2, LogLevel.Warning, "Connection to {Url} failed; next attempt in {Delay}")]
    public static partial void ConnectionFailed(ILogger logger, Uri url, TimeSpan delay, Exception? error);

    [LoggerMessage(3, LogLevel.Error, "The retry policy failed; waiting as long as the default policy ever does")]
    public static partial void RetryPolicyFailed(ILogger logger, Exception error);

    [LoggerMessage(4, LogLevel.Error, "A callback of {Notification} failed")]
    public static partial void CallbackFailed(ILogger logger, string notification, Exception error);

    [LoggerMessage(5, LogLevel.Warning, "A pushed event could not be read; it will be fetched instead")]
    public static partial void UnreadablePush(ILogger logger, Exception? error);

    [LoggerMessage(6, LogLevel.Warning, "Fetching the events after {Cursor} failed ({Failures} in a row); next try in {Delay}")]
    public static partial void RecoveryFailed(ILogger logger, StreamPosition cursor, int failures, TimeSpan delay, Exception? error);

    [LoggerMessage(7, LogLevel.Information, "Fetched {Count} event(s) after {Cursor}")]
    public static partial void Recovered(ILogger logger, int count, StreamPosition cursor);

    [LoggerMessage(8, LogLevel.Warning, "History lost at {Cursor}: {Reason}. Head is {Head}, oldest {Oldest}; going on from {Continuation}")]
    public static partial void HistoryLost(
        ILogger logger, StreamPosition cursor, HistoryLostReason reason, StreamPosition head, StreamPosition oldest, StartFrom continuation);

    [LoggerMessage(9, LogLevel.Warning, "Handler failed on {Position}, attempt {Attempt}")]
    public static partial void HandlerFailed(ILogger logger, StreamPosition position, int attempt, Exception error);

    [LoggerMessage(10, LogLevel.Error, "Parked the event at {Position} ({Type}): {Why}")]
    public static partial void Parked(ILogger logger, StreamPosition position, string type, string why, Exception? error);

    [LoggerMessage(11, LogLevel.Error, "The cursor {Position} could not be saved; trying again with the next one")]
    public static partial void CursorNotSaved(ILogger logger, StreamPosition position, Exception error);

    [LoggerMessage(12, LogLevel.Warning, "The stored cursor belongs to {ServerUrl}, user {UserId}; it counts as none")]
    public static partial void ForeignCursor(ILogger logger, string serverUrl, string userId);

    [LoggerMessage(13, LogLevel.Warning, "More than {Capacity} live events are waiting; they were dropped and will be fetched")]
    public static partial void LiveBufferOverflow(ILogger logger, int capacity);

    [LoggerMessage(14, LogLevel.Debug, "The server asks to reconnect in {Delay}")]
    public static partial void ServerLeaving(ILogger logger, TimeSpan delay);

    [LoggerMessage(15, LogLevel.Warning, "Renewing the token of the connection failed; trying again in {Delay}")]
    public static partial void TokenRenewalFailed(ILogger logger, TimeSpan delay, Exception error);

    [LoggerMessage(33, LogLevel.Debug, "The token provider gave the same token again; asking it again in {Delay}")]
    public static partial void SameToken(ILogger logger, TimeSpan delay);

    [LoggerMessage(16, LogLevel.Warning, "The head of the stream could not be read")]
    public static partial void HeadUnavailable(ILogger logger, Exception error);

    [LoggerMessage(17, LogLevel.Warning, "The connection has begun no attempt since {Since}; building a new one")]
    public static partial void ConnectionStuck(ILogger logger, DateTimeOffset since);

    [LoggerMessage(18, LogLevel.Error, "The client has stopped")]
    public static partial void Stopped(ILogger logger, Exception error);

    [LoggerMessage(19, LogLevel.Warning, "A {What} did not end in time and was abandoned")]
    public static partial void Abandoned(ILogger logger, string what);

    [LoggerMessage(20, LogLevel.Debug, "Closing a connection failed")]
    public static partial void CloseFailed(ILogger logger, Exception error);

    [LoggerMessage(21, LogLevel.Information, "Starting after {Position}")]
    public static partial void Starting(ILogger logger, StreamPosition position);

    [LoggerMessage(22, LogLevel.Warning, "An event at {Position}, before {Cursor} but later in time: history may have been rewritten, asking the server")]
    public static partial void ForkSuspected(ILogger logger, StreamPosition position, StreamPosition cursor);

    [LoggerMessage(23, LogLevel.Warning, "Publishing failed, attempt {Attempt}; trying again in {Delay}")]
    public static partial void PublishRetried(ILogger logger, int attempt, TimeSpan delay, Exception? error);

    [LoggerMessage(24, LogLevel.Warning, "The server does not show {Target} after {Answers} answers, its head is {Head}: it is not waited for any longer")]
    public static partial void TargetDropped(ILogger logger, StreamPosition target, int answers, StreamPosition head);

    [LoggerMessage(25, LogLevel.Warning, "An event at {Position}, after {Cursor} but not later in time, belongs to a history that is gone; asking the server")]
    public static partial void StalePush(ILogger logger, StreamPosition position, StreamPosition cursor);

    [LoggerMessage(26, LogLevel.Warning, "Where to read from could not be found ({Failures} in a row); next try in {Delay}")]
    public static partial void StartFailed(ILogger logger, int failures, TimeSpan delay, Exception error);

    [LoggerMessage(34, LogLevel.Debug, "The stream says {Name}; asking the server")]
    public static partial void StreamSays(ILogger logger, string name);

    [LoggerMessage(30, LogLevel.Warning, "The cursor of {Consumer} could not be read from the server; next try in {Delay}")]
    public static partial void CursorNotLoaded(ILogger logger, string consumer, TimeSpan delay, Exception error);

    [LoggerMessage(31, LogLevel.Error, "The start {Position} could not be saved, and nothing is handed over before it is; next try in {Delay}")]
    public static partial void StartNotSaved(ILogger logger, StreamPosition position, TimeSpan delay, Exception error);

    [LoggerMessage(32, LogLevel.Warning, "The server does not keep the cursor {Position}, which is not of its history: {Reason}")]
    public static partial void CursorRefused(ILogger logger, StreamPosition position, HistoryLostReason reason);
}
