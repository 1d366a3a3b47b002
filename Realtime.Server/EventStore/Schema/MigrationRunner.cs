using System.Data.Common;
using Dapper;

namespace Realtime.Server.EventStore.Schema;

/// <summary>
/// Brings a database to the newest schema: all pending scripts in one transaction, under a lock, so that it either has all of
/// them or none and several nodes may start at once. A current schema is only read: no rights to create are needed then.
/// </summary>
internal static class MigrationRunner
{
    /// <exception cref="SchemaTooNewException">The database has a version that no script brings.</exception>
    public static async Task RunAsync(DbConnection connection, SchemaDialect dialect, IReadOnlyList<SchemaScript> scripts, CancellationToken cancellationToken)
    {
        if (await connection.ExecuteScalarAsync<bool>(Command(dialect.VersionTableExists))
            && Pending(scripts, await ReadVersionsAsync(null)).Count == 0)
        {
            return;
        }

        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(Command(dialect.Lock, transaction));
        await connection.ExecuteAsync(Command(dialect.CreateVersionTable, transaction));
        foreach (var script in Pending(scripts, await ReadVersionsAsync(transaction)))
        {
            await connection.ExecuteAsync(Command(script.Sql, transaction));
            await connection.ExecuteAsync(Command(dialect.AddVersion, transaction, new { script.Version, script.Name }));
        }

        await transaction.CommitAsync(cancellationToken);

        async Task<IEnumerable<int>> ReadVersionsAsync(DbTransaction? within) =>
            await connection.QueryAsync<int>(Command(dialect.ReadVersions, within));

        CommandDefinition Command(string sql, DbTransaction? within = null, object? parameters = null) =>
            new(sql, parameters, within, cancellationToken: cancellationToken);
    }

    private static List<SchemaScript> Pending(IReadOnlyList<SchemaScript> scripts, IEnumerable<int> applied)
    {
        var present = applied.ToHashSet();
        int known = scripts.Max(script => script.Version);
        int found = present.DefaultIfEmpty().Max();
        if (found > known) throw new SchemaTooNewException(found, known);
        return [.. scripts.Where(script => !present.Contains(script.Version))];
    }
}
