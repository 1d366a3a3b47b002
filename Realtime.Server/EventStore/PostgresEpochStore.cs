using Dapper;
using Npgsql;

namespace Realtime.Server.EventStore;

/// <summary>The epoch in PostgreSQL.</summary>
internal sealed class PostgresEpochStore(PostgresDatabase database) : IEpochStore
{
    public Task<string> ReadAsync(CancellationToken cancellationToken) => QueryAsync("read the epoch", "select epoch from realtime.history", cancellationToken);

    public async Task<string?> TryRenewAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await QueryAsync("renew the epoch", "select realtime.renew_epoch()", cancellationToken);
        }
        catch (PostgresException fault) when (PostgresFaults.IsConflict(fault))
        {
            return null;
        }
    }

    private Task<string> QueryAsync(string attempt, string sql, CancellationToken cancellationToken) => database.RunAsync(
        attempt, connection => connection.QuerySingleAsync<string>(new CommandDefinition(sql, cancellationToken: cancellationToken)), cancellationToken);
}
