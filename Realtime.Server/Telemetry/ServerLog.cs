using Realtime.Contracts;
using Realtime.Server.EventStreams;
using Realtime.Server.FanOut;
using Realtime.Server.Revocations;

namespace Realtime.Server.Telemetry;

/// <summary>All log lines of the server. Event ids are stable; a token never appears in one.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(1, LogLevel.Information, "Event store ready: {Store}.")]
    internal static partial void StoreReady(ILogger logger, string store);

    [LoggerMessage(2, LogLevel.Warning, "Event store not reachable; trying again in {Delay}.")]
    internal static partial void StoreNotReachable(ILogger logger, Exception fault, TimeSpan delay);

    [LoggerMessage(3, LogLevel.Critical, "Event store cannot be used; the server stops.")]
    internal static partial void StoreUnusable(ILogger logger, Exception fault);

    [LoggerMessage(4, LogLevel.Warning, "The database is not where its history was written: {Why}. Epoch {Old} was renewed and is {New}; clients are told that history was lost.")]
    internal static partial void EpochRenewed(ILogger logger, string why, string old, string @new);

    [LoggerMessage(5, LogLevel.Warning, "The database went from timeline {Old} to {New}; as Realtime:LosslessFailover is set, epoch {Epoch} goes on.")]
    internal static partial void FailoverAdopted(ILogger logger, int old, int @new, string epoch);

    [LoggerMessage(6, LogLevel.Warning, "The event store is weak: {Weakness}")]
    internal static partial void StoreWeak(ILogger logger, string weakness);

    [LoggerMessage(7, LogLevel.Warning, "This role may not call pg_control_system(): a copy of the database on another server with the same object ids goes unnoticed.")]
    internal static partial void ServerUnknown(ILogger logger);

    [LoggerMessage(10, LogLevel.Warning, "Append of {Units} units failed; units within their deadline are tried again.")]
    internal static partial void AppendFailed(ILogger logger, Exception fault, int units);

    [LoggerMessage(11, LogLevel.Error, "The append loop met an unexpected fault; {Units} units failed.")]
    internal static partial void AppendBroken(ILogger logger, Exception fault, int units);

    [LoggerMessage(13, LogLevel.Error, "What follows a commit met an unexpected fault; the publisher is told that the store is unavailable.")]
    internal static partial void SettleBroken(ILogger logger, Exception fault);

    [LoggerMessage(12, LogLevel.Debug, "Stream of user {UserId} is held by an open transaction; its publishes wait in a lane.")]
    internal static partial void LaneOpened(ILogger logger, string userId);

    [LoggerMessage(20, LogLevel.Warning, "Push to the group of user {UserId} failed; the events are stored and will be fetched.")]
    internal static partial void PushFailed(ILogger logger, Exception fault, string userId);

    [LoggerMessage(21, LogLevel.Warning, "Fan-out queue of user {UserId} is full; its clients get the head instead.")]
    internal static partial void FanOutOverflow(ILogger logger, string userId);

    [LoggerMessage(30, LogLevel.Debug, "Connection {ConnectionId} of user {UserId} joined its group.")]
    internal static partial void ConnectionJoined(ILogger logger, string connectionId, string userId);

    [LoggerMessage(31, LogLevel.Warning, "Connection {ConnectionId} of user {UserId} could not join its group; it is asked to come back.")]
    internal static partial void JoinFailed(ILogger logger, Exception fault, string connectionId, string userId);

    [LoggerMessage(32, LogLevel.Information, "Connection {ConnectionId} of user {UserId} was not renewed; it is asked to come back with a fresh token.")]
    internal static partial void ConnectionExpired(ILogger logger, string connectionId, string userId);

    [LoggerMessage(33, LogLevel.Debug, "Head of user {UserId} could not be read for connection {ConnectionId}.")]
    internal static partial void HeadNotRead(ILogger logger, Exception fault, string userId, string connectionId);

    [LoggerMessage(34, LogLevel.Warning, "Connection {ConnectionId} of user {UserId} was renewed with a token of another user; it is ended.")]
    internal static partial void UserChanged(ILogger logger, string connectionId, string userId);

    [LoggerMessage(36, LogLevel.Debug, "Connection {ConnectionId} of user {UserId} could not be told its head; the next check tells it.")]
    internal static partial void HeadNotTold(ILogger logger, Exception fault, string userId, string connectionId);

    [LoggerMessage(35, LogLevel.Error, "Connection {ConnectionId} of user {UserId} could not be ended.")]
    internal static partial void ConnectionNotEnded(ILogger logger, Exception fault, string connectionId, string userId);

    [LoggerMessage(40, LogLevel.Information, "Token authority {Authority} ready: {Keys} signing keys.")]
    internal static partial void AuthorityReady(ILogger logger, string authority, int keys);

    [LoggerMessage(41, LogLevel.Warning, "Token authority {Authority} not reachable; trying again in {Delay}.")]
    internal static partial void AuthorityNotReachable(ILogger logger, Exception fault, string authority, TimeSpan delay);

    [LoggerMessage(42, LogLevel.Debug, "Token authority {Authority} was asked again: {Keys} signing keys.")]
    internal static partial void AuthorityAsked(ILogger logger, string authority, int keys);

    [LoggerMessage(50, LogLevel.Warning, "Redis connection lost: {Kind}.")]
    internal static partial void RedisLost(ILogger logger, string kind);

    [LoggerMessage(51, LogLevel.Information, "Redis connection restored: {Kind}.")]
    internal static partial void RedisRestored(ILogger logger, string kind);

    [LoggerMessage(52, LogLevel.Warning, "Redis is away: pushes between nodes pause, the head check delivers.")]
    internal static partial void RedisAway(ILogger logger);

    [LoggerMessage(53, LogLevel.Information, "Redis is here: every shard brings back its nonce.")]
    internal static partial void RedisBack(ILogger logger);

    [LoggerMessage(54, LogLevel.Debug, "Shard {Shard} could not be subscribed; trying again.")]
    internal static partial void ShardNotSubscribed(ILogger logger, Exception fault, int shard);

    [LoggerMessage(56, LogLevel.Warning, "The head check could not read the store; trying again.")]
    internal static partial void HeadCheckFailed(ILogger logger, Exception fault);

    [LoggerMessage(57, LogLevel.Debug, "Redis did not take a push to {Group}; the head check of the other nodes delivers it.")]
    internal static partial void ShardNotPublished(ILogger logger, Exception fault, string group);

    [LoggerMessage(58, LogLevel.Information, "Listening to the database for appends made in SQL.")]
    internal static partial void Listening(ILogger logger);

    [LoggerMessage(59, LogLevel.Warning, "Not listening to the database for appends made in SQL, the head check finds them; trying again in {Delay}.")]
    internal static partial void NotListening(ILogger logger, Exception fault, TimeSpan delay);

    [LoggerMessage(63, LogLevel.Warning, "The head check could not repair the stream of user {UserId}; it goes on with the others.")]
    internal static partial void RepairFailed(ILogger logger, Exception fault, string userId);

    [LoggerMessage(60, LogLevel.Information, "Demo agent publishes for user {UserId} while it is connected.")]
    internal static partial void DemoStarted(ILogger logger, string userId);

    [LoggerMessage(61, LogLevel.Warning, "Demo agent could not publish; it goes on.")]
    internal static partial void DemoFailed(ILogger logger, Exception fault);

    [LoggerMessage(66, LogLevel.Warning, "The head check has no connection to look for changes; it compares all users instead.")]
    internal static partial void LookFailed(ILogger logger, Exception fault);

    [LoggerMessage(80, LogLevel.Warning, "Limit {Limit} reached by user {UserId}: {Times} time(s), by whomever, since the last line about it.")]
    internal static partial void LimitReached(ILogger logger, string limit, string? userId, long times);

    [LoggerMessage(81, LogLevel.Warning, "The buffer of connection {ConnectionId} of user {UserId} was full for {Timeout}: it is closed as slow; what it missed is fetched.")]
    internal static partial void SlowReaderClosed(ILogger logger, string connectionId, string userId, TimeSpan timeout);

    [LoggerMessage(82, LogLevel.Error, "The slow connection {ConnectionId} could not be closed.")]
    internal static partial void SlowReaderNotClosed(ILogger logger, Exception fault, string connectionId);

    [LoggerMessage(83, LogLevel.Warning, "Connection {ConnectionId} of user {UserId} goes on calling though its calls are refused: it is closed.")]
    internal static partial void CallerClosed(ILogger logger, string connectionId, string userId);

    [LoggerMessage(70, LogLevel.Information, "Retention: {Events} events of {Streams} streams, older than {Retention}, are trimmed.")]
    internal static partial void Trimmed(ILogger logger, long events, int streams, TimeSpan retention);

    [LoggerMessage(71, LogLevel.Warning, "Retention could not go on; the next run does.")]
    internal static partial void RetentionFailed(ILogger logger, Exception fault);

    [LoggerMessage(72, LogLevel.Debug, "Stream of user {UserId} is held by an open transaction; the next run trims it.")]
    internal static partial void TrimHeld(ILogger logger, string userId);

    [LoggerMessage(100, LogLevel.Warning, "Redis brought {Count} messages since the last line like this that are not taken, the last of them {Reason}: another node has another key or release, or somebody forges. The head check delivers what was genuine.")]
    internal static partial void ShardMessagesRefused(ILogger logger, int count, ShardFault reason);

    [LoggerMessage(101, LogLevel.Debug, "The secrets of the backplane could not be read; trying again.")]
    internal static partial void BackplaneSecretsNotRead(ILogger logger, Exception fault);

    [LoggerMessage(102, LogLevel.Warning, "SignalR's own backplane does not sign what it sends over Redis: whoever can publish there can send any user any event, and make connections join other users' groups. Protect Redis by ACL and TLS, or leave Realtime:Backplane at shard.")]
    internal static partial void StockBackplaneUnsigned(ILogger logger);

    [LoggerMessage(103, LogLevel.Warning, "The database role {Role} is a superuser: give the server a role that can only read and write its rows (docs/security/redis-packages-database.md).")]
    internal static partial void RoleIsSuperuser(ILogger logger, string role);

    [LoggerMessage(90, LogLevel.Information, "Told to stop: not ready any more, {Connections} connections are released over {Window}.")]
    internal static partial void Draining(ILogger logger, int connections, TimeSpan window);

    [LoggerMessage(91, LogLevel.Information, "Drained after {Elapsed}: {Released} connections released, {Closed} of them had to be closed, {Left} are cut.")]
    internal static partial void Drained(ILogger logger, TimeSpan elapsed, int released, int closed, int left);

    [LoggerMessage(92, LogLevel.Information, "Told to stop once more, or out of time: the drain ends now.")]
    internal static partial void DrainHurried(ILogger logger);

    [LoggerMessage(93, LogLevel.Debug, "Connection {ConnectionId} could not be told to return elsewhere; it is closed.")]
    internal static partial void ReleaseNotTold(ILogger logger, Exception fault, string connectionId);

    [LoggerMessage(94, LogLevel.Debug, "A page of origin {Origin} was refused at the hub; it is not in Realtime:AllowedOrigins.")]
    internal static partial void OriginRefused(ILogger logger, string origin);

    [LoggerMessage(73, LogLevel.Information, "Operator {Operator} revoked ({Kind}) '{Subject}', issued before {IssuedBefore}, until {Until}: {Reason}")]
    internal static partial void Revoked(ILogger logger, string @operator, RevocationKind kind, string subject, DateTimeOffset? issuedBefore, DateTimeOffset? until, string? reason);

    [LoggerMessage(74, LogLevel.Information, "Operator {Operator} took the revocation of {Kind} '{Subject}' back.")]
    internal static partial void RevocationWithdrawn(ILogger logger, string @operator, RevocationKind kind, string subject);

    [LoggerMessage(75, LogLevel.Information, "Connection {ConnectionId} of user {UserId} is closed because its token was revoked.")]
    internal static partial void RevokedConnectionEnded(ILogger logger, string connectionId, string userId);

    [LoggerMessage(76, LogLevel.Information, "Connection {ConnectionId} of user {UserId} is closed because an operator disconnects the user.")]
    internal static partial void UserDisconnected(ILogger logger, string connectionId, string userId);

    [LoggerMessage(77, LogLevel.Warning, "What is revoked could not be read from the store; what is known here stays valid. Trying again every second.")]
    internal static partial void RevocationsNotRead(ILogger logger, Exception fault);

    [LoggerMessage(78, LogLevel.Information, "What is revoked was read from the store again.")]
    internal static partial void RevocationsKnownAgain(ILogger logger);

    [LoggerMessage(79, LogLevel.Debug, "Redis carries no hint of a revocation; the other nodes look within a second.")]
    internal static partial void RevocationNotHinted(ILogger logger, Exception fault);

    [LoggerMessage(110, LogLevel.Error, "Call of {Method} by connection {ConnectionId} failed.")]
    internal static partial void HubCallFailed(ILogger logger, Exception fault, string method, string connectionId);

    [LoggerMessage(130, LogLevel.Information, "The next event of user {UserId} counts as pushed here and is not: it was asked for (Development only).")]
    internal static partial void NextPushDropped(ILogger logger, string userId);

    [LoggerMessage(131, LogLevel.Information, "This node pushes nothing for {Time}, except what its head check finds: it was asked for (Development only).")]
    internal static partial void NodeDeafened(ILogger logger, TimeSpan time);

    [LoggerMessage(111, LogLevel.Debug, "Memory after a peak: {Before} MiB, {After} MiB after a collection.")]
    internal static partial void MemoryTrimmed(ILogger logger, long before, long after);

    [LoggerMessage(120, LogLevel.Debug, "Event stream {ConnectionId} of user {UserId} begins after {Start}.")]
    internal static partial void StreamOpened(ILogger logger, string connectionId, string userId, StreamPosition start);

    [LoggerMessage(121, LogLevel.Debug, "Event stream {ConnectionId} of user {UserId} has ended: {End}.")]
    internal static partial void StreamClosed(ILogger logger, string connectionId, string userId, EventStreamEnd end);

    [LoggerMessage(122, LogLevel.Warning, "The events of user {UserId} could not be read for event stream {ConnectionId}; trying again.")]
    internal static partial void StreamNotRead(ILogger logger, Exception fault, string userId, string connectionId);

    [LoggerMessage(150, LogLevel.Information, "Metrics and health on port {Port}, without a token: let only the monitoring reach it.")]
    internal static partial void ManagementListening(ILogger logger, int port);
}
