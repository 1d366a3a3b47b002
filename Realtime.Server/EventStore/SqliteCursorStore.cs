using Dapper;
using Microsoft.Data.Sqlite;
using Realtime.Contracts;
using Realtime.Contracts.Rest;

namespace Realtime.Server.EventStore;

/// <summary>Cursors of consumers in the SQLite file.</summary>
internal sealed class SqliteCursorStore(SqliteDatabase database) : IConsumerCursorStore
{
    private const string Columns = "consumer as Consumer, epoch as Epoch, sequence as Sequence, updated_at as UpdatedMicros";

    public Task<IReadOnlyList<ConsumerCursor>> ReadAsync(string userId, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<ConsumerCursor>>(
            $"read the cursors of '{userId}'",
            (connection, transaction) =>
            {
                var bounds = SqliteStreamReads.ReadBounds(connection, transaction, userId);
                return [.. connection.Query<CursorRow>($"select {Columns} from cursors where user_id = @userId order by consumer", new { userId }, transaction)
                    .Select(row => row.ToCursor(bounds))];
            },
            cancellationToken);

    public Task<CursorOutcome> MoveAsync(string userId, string consumer, StreamPosition position, CancellationToken cancellationToken) =>
        database.WriteAsync(
            $"move cursor '{consumer}' of '{userId}'",
            (connection, transaction) => Move(connection, transaction, userId, consumer, position),
            cancellationToken);

    public Task<bool> DeleteAsync(string userId, string consumer, CancellationToken cancellationToken) =>
        database.WriteAsync(
            $"delete cursor '{consumer}' of '{userId}'",
            (connection, transaction) => connection.Execute(
                "delete from cursors where user_id = @userId and consumer = @consumer", new { userId, consumer }, transaction) > 0,
            cancellationToken);

    private CursorOutcome Move(SqliteConnection connection, SqliteTransaction transaction, string userId, string consumer, StreamPosition position)
    {
        var bounds = SqliteStreamReads.ReadBounds(connection, transaction, userId);
        if (CursorRow.WhyLost(position, bounds) is { } reason) return new CursorOutcome.Lost(bounds.Lost(reason));

        var row = connection.QuerySingleOrDefault<CursorRow>(
            $"select {Columns} from cursors where user_id = @userId and consumer = @consumer", new { userId, consumer }, transaction);
        if (!CursorRow.Moves(row, position)) return new CursorOutcome.Stored(row!.ToCursor(bounds));

        long count = connection.ExecuteScalar<long>("select count(*) from cursors where user_id = @userId", new { userId }, transaction);
        if (row is null && count >= IConsumerCursorStore.MaxPerUser) return new CursorOutcome.TooMany();

        var moved = new CursorRow { Consumer = consumer, Epoch = position.Epoch, Sequence = position.Sequence, UpdatedMicros = database.NowMicros };
        connection.Execute(
            """
            insert into cursors (user_id, consumer, epoch, sequence, updated_at) values (@userId, @Consumer, @Epoch, @Sequence, @UpdatedMicros)
            on conflict (user_id, consumer) do update set epoch = excluded.epoch, sequence = excluded.sequence, updated_at = excluded.updated_at
            """,
            new { userId, moved.Consumer, moved.Epoch, moved.Sequence, moved.UpdatedMicros },
            transaction);
        return new CursorOutcome.Stored(moved.ToCursor(bounds));
    }
}
