using Dapper;
using Realtime.Contracts;
using Realtime.Contracts.Rest;

namespace Realtime.Server.EventStore;

/// <summary>Cursors of consumers in PostgreSQL.</summary>
internal sealed class PostgresCursorStore(PostgresDatabase database) : IConsumerCursorStore
{
    private const string Columns = "c.consumer as Consumer, c.epoch as Epoch, c.sequence as Sequence, realtime.micros(c.updated_at) as UpdatedMicros";

    public Task<IReadOnlyList<ConsumerCursor>> ReadAsync(string userId, CancellationToken cancellationToken) =>
        database.RunAsync<IReadOnlyList<ConsumerCursor>>(
            $"read the cursors of '{userId}'",
            async connection =>
            {
                // Bounds later than cursors: the head that a cursor was checked against is never behind it.
                var rows = await connection.QueryAsync<CursorRow>(Command(
                    $"select {Columns} from realtime.cursors c where c.user_id = @user order by c.consumer", new { user = userId }, cancellationToken));
                var bounds = await connection.QuerySingleAsync<StreamBounds>(Command(PostgresStreamReads.Bounds, new { user = userId }, cancellationToken));
                return [.. rows.Select(row => row.ToCursor(bounds))];
            },
            cancellationToken);

    public Task<CursorOutcome> MoveAsync(string userId, string consumer, StreamPosition position, CancellationToken cancellationToken) =>
        database.RunAsync<CursorOutcome>(
            $"move cursor '{consumer}' of '{userId}'",
            async connection =>
            {
                var bounds = await connection.QuerySingleAsync<StreamBounds>(Command(PostgresStreamReads.Bounds, new { user = userId }, cancellationToken));
                if (CursorRow.WhyLost(position, bounds) is { } reason) return new CursorOutcome.Lost(bounds.Lost(reason));

                var row = await connection.QuerySingleOrDefaultAsync<CursorRow>(Command(
                    $"select {Columns} from realtime.store_cursor(@userId, @consumer, @Epoch, @Sequence, @MaxPerUser) c",
                    new { userId, consumer, position.Epoch, position.Sequence, IConsumerCursorStore.MaxPerUser },
                    cancellationToken));
                return row is null ? new CursorOutcome.TooMany() : new CursorOutcome.Stored(row.ToCursor(bounds));
            },
            cancellationToken);

    public Task<bool> DeleteAsync(string userId, string consumer, CancellationToken cancellationToken) =>
        database.RunAsync(
            $"delete cursor '{consumer}' of '{userId}'",
            async connection => await connection.ExecuteAsync(Command(
                "delete from realtime.cursors where user_id = @userId and consumer = @consumer", new { userId, consumer }, cancellationToken)) > 0,
            cancellationToken);

    private static CommandDefinition Command(string sql, object parameters, CancellationToken cancellationToken) =>
        new(sql, parameters, cancellationToken: cancellationToken);
}
