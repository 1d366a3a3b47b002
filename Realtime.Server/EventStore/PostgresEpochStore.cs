using Dapper;
using Npgsql;

namespace Realtime.Server.EventStore;

/// <summary>The epoch in PostgreSQL.</summary>
internal sealed class PostgresEpochStore(PostgresDatabase database) : IEpochStore
{
    public Task<string> ReadAsync(CancellationToken cancellationToken) => QueryAsync("read the epoch", "select epoch from realtime.history", null, cancellationToken)!;

    public async Task<string?> TryRenewAsync(string? expected, CancellationToken cancellationToken)
    {
        try
        {
            return await QueryAsync("renew the epoch", "select realtime.renew_epoch(@expected)", new { expected }, cancellationToken);
        }
        catch (PostgresException fault) when (PostgresFaults.IsConflict(fault))
        {
            return null;
        }
    }

    private Task<string?> QueryAsync(string attempt, string sql, object? parameters, CancellationToken cancellationToken) => database.RunAsync(
        attempt, connection => connection.QuerySingleAsync<string?>(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken)), cancellationToken);
}
