using Dapper;
using Microsoft.Data.Sqlite;
using Realtime.Contracts.Rest;

namespace Realtime.Server.EventStore;

/// <summary>Brakes in the SQLite file.</summary>
internal sealed class SqliteBrakeStore(SqliteDatabase database) : IBrakeStore
{
    public Task<BrakeState> ReadAsync(string userId, CancellationToken cancellationToken) =>
        database.ReadAsync($"read the brake of '{userId}'", (connection, transaction) => Read(connection, transaction, userId), cancellationToken);

    public Task<BrakeOutcome> SetAsync(
        NewEvent changed, bool engaged, string? reason, string changedBy, TimeSpan lockWait, CancellationToken cancellationToken) =>
        database.WriteAsync(
            $"set the brake of '{changed.UserId}'",
            (connection, transaction) => Set(connection, transaction, changed, engaged, reason, changedBy),
            cancellationToken);

    private BrakeOutcome Set(SqliteConnection connection, SqliteTransaction transaction, NewEvent changed, bool engaged, string? reason, string changedBy)
    {
        var before = Read(connection, transaction, changed.UserId);
        if (before.Engaged == engaged) return new BrakeOutcome(before, null);

        using var append = new SqliteAppend(database, connection, transaction);
        var appended = append.Append([new AppendUnit([changed])])[0] switch
        {
            AppendOutcome.Committed committed => committed.Events[0],
            AppendOutcome.Refused refused => throw new ArgumentException(refused.Problem, nameof(changed)),
            var other => throw new InvalidOperationException($"{other} cannot be, with a single writer."),
        };

        // The event is there already: this change was made earlier, and something else has followed since.
        if (appended.IsDuplicate) return new BrakeOutcome(before, null);

        connection.Execute(
            """
            insert into brakes (user_id, engaged, reason, changed_at, changed_by) values (@UserId, @engaged, @reason, @changedAt, @changedBy)
            on conflict (user_id) do update set
                engaged = excluded.engaged, reason = excluded.reason, changed_at = excluded.changed_at, changed_by = excluded.changed_by
            """,
            new { changed.UserId, engaged, reason, changedAt = StoreTime.ToMicros(appended.Time), changedBy },
            transaction);
        return new BrakeOutcome(
            new BrakeState { Engaged = engaged, Reason = reason, ChangedAt = appended.Time, ChangedBy = changedBy }, appended);
    }

    private static BrakeState Read(SqliteConnection connection, SqliteTransaction transaction, string user) =>
        BrakeRow.ToState(connection.QuerySingleOrDefault<BrakeRow>(
            "select engaged as Engaged, reason as Reason, changed_at as ChangedMicros, changed_by as ChangedBy from brakes where user_id = @user",
            new { user },
            transaction));
}
