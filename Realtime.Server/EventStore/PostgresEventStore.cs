using Dapper;
using Npgsql;
using Realtime.Contracts;

namespace Realtime.Server.EventStore;

/// <summary>
/// Streams in PostgreSQL, for any number of nodes. An append is one round trip in its own transaction
/// (<c>Schema/Postgres/002_append.sql</c> has the locks and their order); a read is one statement, hence one snapshot.
/// </summary>
internal sealed class PostgresEventStore(PostgresDatabase database) : IEventStore, IManyStreams
{
    public int ConcurrentAppends => 2;

    public Task InitializeAsync(CancellationToken cancellationToken) => database.InitializeAsync(cancellationToken);

    public async Task<IReadOnlyList<AppendOutcome>> AppendAsync(IReadOnlyList<AppendUnit> units, TimeSpan? lockWait, CancellationToken cancellationToken)
    {
        var outcomes = new AppendOutcome[units.Count];
        var sendable = new List<int>(units.Count);
        for (int i = 0; i < outcomes.Length; i++)
        {
            if (UnitCheck.FindRefusal(units[i]) is { } refused) outcomes[i] = refused;
            else sendable.Add(i);
        }

        if (sendable.Count > 0) await AppendAsync(units, sendable, outcomes, lockWait, cancellationToken);
        return outcomes;
    }

    public Task<StreamRead> ReadAfterAsync(string userId, StreamPosition after, DateTimeOffset? time, int limit, CancellationToken cancellationToken) =>
        database.RunAsync<StreamRead>(
            $"read stream '{userId}' after {after}",
            async connection =>
            {
                var (bounds, rows) = await PostgresStreamReads.ReadAfterAsync(connection, userId, after.Sequence, limit, cancellationToken);
                database.Seen.Read(bounds.Epoch, bounds.Timeline, bounds.Flushed);
                return bounds.WhyLost(after, time is { } seen ? StoreTime.ToMicros(seen) : null, bounds.MicrosThere) is { } reason
                    ? bounds.Lost(reason)
                    : bounds.Page(rows, after.Sequence, isTruncated: false);
            },
            cancellationToken);

    public Task<StreamRead?[]> ReadManyAfterAsync(IReadOnlyList<StreamQuestion> questions, int maxBytes, CancellationToken cancellationToken) =>
        database.RunAsync(
            "read streams",
            connection => new PostgresManyReads(questions, maxBytes).ReadAsync(connection, database.Seen, cancellationToken),
            cancellationToken);

    public Task<StreamPage> ReadSinceAsync(string userId, DateTimeOffset? since, int limit, CancellationToken cancellationToken) =>
        database.RunAsync(
            $"read stream '{userId}' by time",
            async connection =>
            {
                var (bounds, rows) = await PostgresStreamReads.ReadSinceAsync(connection, userId, since, limit, cancellationToken);
                database.Seen.Read(bounds.Epoch, bounds.Timeline, bounds.Flushed);
                return bounds.Page(rows, bounds.StartOf(bounds.UpToSince), bounds.IsTruncated(since is { } time ? StoreTime.ToMicros(time) : null));
            },
            cancellationToken);

    public Task<StreamRead> ReadBeforeAsync(string userId, StreamPosition? before, int limit, CancellationToken cancellationToken) =>
        database.RunAsync<StreamRead>(
            $"read stream '{userId}' backwards",
            async connection =>
            {
                var (bounds, rows) = await PostgresStreamReads.ReadBeforeAsync(connection, userId, before?.Sequence, limit, cancellationToken);
                database.Seen.Read(bounds.Epoch, bounds.Timeline, bounds.Flushed);
                return before is { } position && !position.IsSameHistoryAs(bounds.Head)
                    ? bounds.Lost(HistoryLostReason.EpochChanged)
                    : bounds.Page(rows, bounds.StartOfBackwards(before), isTruncated: false);
            },
            cancellationToken);

    public Task<IReadOnlyDictionary<string, StreamPosition>> ReadHeadsAsync(IReadOnlyCollection<string> userIds, CancellationToken cancellationToken) =>
        database.RunAsync<IReadOnlyDictionary<string, StreamPosition>>(
            "read heads",
            async connection =>
            {
                string[] users = [.. userIds.Distinct(StringComparer.Ordinal)];
                var heads = (await connection.QueryAsync<(string User, long Sequence, string Epoch, int Timeline, long Flushed)>(new CommandDefinition(
                    PostgresStreamReads.Heads,
                    new { users },
                    cancellationToken: cancellationToken))).AsList();
                if (heads.Count > 0) database.Seen.Read(heads[0].Epoch, heads[0].Timeline, heads[0].Flushed);
                return heads.ToDictionary(head => head.User, head => new StreamPosition(head.Epoch, head.Sequence), StringComparer.Ordinal);
            },
            cancellationToken);

    public Task<DateTimeOffset> ReadClockAsync(CancellationToken cancellationToken) =>
        database.RunAsync(
            "read the clock",
            async connection => StoreTime.FromMicros(await connection.QuerySingleAsync<long>(
                new CommandDefinition("select realtime.micros(clock_timestamp())", cancellationToken: cancellationToken))),
            cancellationToken);

    public Task<IReadOnlyList<(string UserId, long UpTo)>> FindExpiredAsync(DateTimeOffset before, int maxUsers, CancellationToken cancellationToken) =>
        database.RunAsync<IReadOnlyList<(string UserId, long UpTo)>>(
            "find expired events",
            async connection => (await connection.QueryAsync<(string UserId, long UpTo)>(new CommandDefinition(
                "select user_id, up_to from realtime.find_expired(@before, @maxUsers)",
                new { before = before.UtcDateTime, maxUsers },
                cancellationToken: cancellationToken))).AsList(),
            cancellationToken);

    public async Task<int?> TrimAsync(string userId, long upTo, int maxEvents, CancellationToken cancellationToken)
    {
        try
        {
            return await database.RunAsync($"trim stream '{userId}'", TrimAsync, cancellationToken);
        }
        catch (PostgresException fault) when (PostgresFaults.IsConflict(fault))
        {
            return null;
        }

        async Task<int?> TrimAsync(NpgsqlConnection connection)
        {
            // Two statements, two transactions: readers know the new end before the first event is gone, and no lock outlasts it.
            return await connection.QuerySingleAsync<bool>(Command("select realtime.raise_oldest(@userId, @upTo)"))
                ? await connection.QuerySingleAsync<int?>(Command("select realtime.delete_trimmed(@userId, @maxEvents)"))
                : null;
        }

        CommandDefinition Command(string sql) => new(sql, new { userId, upTo, maxEvents }, cancellationToken: cancellationToken);
    }

    /// <summary>
    /// Appends the units with the given indexes. When the database refuses a value the call says nothing of which, and nothing
    /// was stored: halving finds it with few calls, and every other unit is still appended.
    /// </summary>
    private async Task AppendAsync(
        IReadOnlyList<AppendUnit> units, List<int> indexes, AppendOutcome[] outcomes, TimeSpan? lockWait, CancellationToken cancellationToken)
    {
        var batch = new PostgresBatch([.. indexes.Select(i => units[i])]);
        try
        {
            var appended = await database.RunAsync("append", connection => batch.AppendAsync(connection, lockWait, database.Seen, cancellationToken), cancellationToken);
            for (int i = 0; i < indexes.Count; i++) outcomes[indexes[i]] = appended[i];
        }
        catch (PostgresException fault) when (PostgresFaults.IsConflict(fault))
        {
            foreach (int i in indexes) outcomes[i] = AppendOutcome.Skipped.Instance;
        }
        catch (Exception fault) when (PostgresFaults.IsRefusal(fault) && indexes.Count == 1)
        {
            outcomes[indexes[0]] = new AppendOutcome.Refused(fault.Message);
        }
        catch (Exception fault) when (PostgresFaults.IsRefusal(fault))
        {
            int half = indexes.Count / 2;
            await AppendAsync(units, indexes[..half], outcomes, lockWait, cancellationToken);
            await AppendAsync(units, indexes[half..], outcomes, lockWait, cancellationToken);
        }
    }
}
