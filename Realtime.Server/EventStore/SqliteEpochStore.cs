using Dapper;

namespace Realtime.Server.EventStore;

/// <summary>The epoch in the SQLite file; a server that has it open goes on with the new one.</summary>
internal sealed class SqliteEpochStore(SqliteDatabase database) : IEpochStore
{
    public Task<string> ReadAsync(CancellationToken cancellationToken) =>
        database.ReadAsync("read the epoch", (connection, transaction) => connection.QuerySingle<string>("select epoch from history", transaction: transaction), cancellationToken);

    public async Task<string?> TryRenewAsync(string? expected, CancellationToken cancellationToken) => await database.WriteAsync(
        "renew the epoch",
        (connection, transaction) => connection.QuerySingleOrDefault<string?>(
            """
            update history set epoch = (
                with recursive letters (n, epoch) as (
                    select 0, ''
                    union all
                    select n + 1, epoch || substr('abcdefghijklmnopqrstuvwxyz0123456789', 1 + abs(random() % 36), 1) from letters where n < 8
                )
                select epoch from letters where n = 8)
            where @expected is null or epoch = @expected
            returning epoch
            """,
            new { expected },
            transaction: transaction),
        cancellationToken);
}
