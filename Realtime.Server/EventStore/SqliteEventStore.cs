using Dapper;
using Realtime.Contracts;

namespace Realtime.Server.EventStore;

/// <summary>
/// The default store: an SQLite file of this process. Its single writer makes every append atomic and ordered, so no
/// unit is ever skipped and a lock wait has no meaning here.
/// </summary>
internal sealed class SqliteEventStore(SqliteDatabase database) : IEventStore
{
    private const int HeadsPerQuery = 500;

    public Task InitializeAsync(CancellationToken cancellationToken) => database.InitializeAsync(cancellationToken);

    public async Task<IReadOnlyList<AppendOutcome>> AppendAsync(IReadOnlyList<AppendUnit> units, TimeSpan? lockWait, CancellationToken cancellationToken) =>
        await database.WriteAsync(
            "append",
            (connection, transaction) =>
            {
                using var append = new SqliteAppend(database, connection, transaction);
                return append.Append(units);
            },
            cancellationToken);

    public Task<StreamRead> ReadAfterAsync(string userId, StreamPosition after, DateTimeOffset? time, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync<StreamRead>(
            $"read stream '{userId}' after {after}",
            (connection, transaction) =>
            {
                var bounds = SqliteStreamReads.ReadBounds(connection, transaction, userId);
                long? stored = connection.QuerySingleOrDefault<long?>(
                    "select time from events where user_id = @userId and sequence = @Sequence", new { userId, after.Sequence }, transaction);
                if (bounds.WhyLost(after, time is { } seen ? StoreTime.ToMicros(seen) : null, stored) is { } reason) return bounds.Lost(reason);
                return bounds.Page(SqliteStreamReads.ReadForwards(connection, transaction, userId, after.Sequence, limit), after.Sequence, isTruncated: false);
            },
            cancellationToken);

    public Task<StreamPage> ReadSinceAsync(string userId, DateTimeOffset? since, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync(
            $"read stream '{userId}' by time",
            (connection, transaction) =>
            {
                var bounds = SqliteStreamReads.ReadBounds(connection, transaction, userId);
                long? micros = since is { } time ? StoreTime.ToMicros(time) : null;
                long? upToSince = connection.QuerySingleOrDefault<long?>(
                    "select sequence from events where user_id = @userId and time <= @micros order by time desc limit 1", new { userId, micros }, transaction);
                long start = bounds.StartOf(upToSince);
                return bounds.Page(SqliteStreamReads.ReadForwards(connection, transaction, userId, start, limit), start, bounds.IsTruncated(micros));
            },
            cancellationToken);

    public Task<StreamRead> ReadBeforeAsync(string userId, StreamPosition? before, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync<StreamRead>(
            $"read stream '{userId}' backwards",
            (connection, transaction) =>
            {
                var bounds = SqliteStreamReads.ReadBounds(connection, transaction, userId);
                if (before is { } position && !position.IsSameHistoryAs(bounds.Head)) return bounds.Lost(HistoryLostReason.EpochChanged);
                long start = bounds.StartOfBackwards(before);
                return bounds.Page(
                    SqliteStreamReads.ReadBackwards(connection, transaction, userId, start, bounds.TrimmedSequence, limit), start, isTruncated: false);
            },
            cancellationToken);

    public Task<IReadOnlyDictionary<string, StreamPosition>> ReadHeadsAsync(IReadOnlyCollection<string> userIds, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyDictionary<string, StreamPosition>>(
            "read heads",
            (connection, transaction) =>
            {
                var start = new StreamPosition(connection.QuerySingle<string>("select epoch from history", transaction: transaction), 0);
                var heads = userIds.Distinct(StringComparer.Ordinal).ToDictionary(user => user, _ => start, StringComparer.Ordinal);
                foreach (string[] users in heads.Keys.ToArray().Chunk(HeadsPerQuery))
                {
                    foreach (var (user, sequence) in connection.Query<(string, long)>(
                        "select user_id, sequence from streams where user_id in @users", new { users }, transaction))
                    {
                        heads[user] = start.At(sequence);
                    }
                }

                return heads;
            },
            cancellationToken);

    public Task<DateTimeOffset> ReadClockAsync(CancellationToken cancellationToken) => Task.FromResult(StoreTime.FromMicros(database.NowMicros));

    public Task<IReadOnlyList<(string UserId, long UpTo)>> FindExpiredAsync(DateTimeOffset before, int maxUsers, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<(string UserId, long UpTo)>>(
            "find expired events", (connection, transaction) => SqliteTrim.FindExpired(connection, transaction, StoreTime.ToMicros(before), maxUsers), cancellationToken);

    public async Task<int?> TrimAsync(string userId, long upTo, int maxEvents, CancellationToken cancellationToken)
    {
        string attempt = $"trim stream '{userId}'";

        // Two transactions: readers know the new end before the first event is gone.
        await database.WriteAsync(attempt, (connection, transaction) => SqliteTrim.RaiseOldest(connection, transaction, userId, upTo), cancellationToken);
        return await database.WriteAsync(
            attempt, (connection, transaction) => SqliteTrim.DeleteTrimmed(connection, transaction, userId, maxEvents, database.NowMicros), cancellationToken);
    }
}
