using System.Globalization;
using Dapper;
using Npgsql;
using Realtime.Server.EventStore;
using Realtime.Server.EventStore.Schema;

namespace Realtime.Server.CommandLine.Doctor;

/// <summary>Whether the schema fits this release, the role may work with it, and the history is this database's own.</summary>
internal static class PostgresSchemaChecks
{
    internal static async Task<IReadOnlyList<CheckResult>> RunAsync(NpgsqlConnection connection, NpgsqlConnectionStringBuilder given, CancellationToken cancellationToken)
    {
        int known = SchemaScript.LoadAll(SchemaDialect.Postgres.Folder)[^1].Version;
        string upgrade = $"As the owner of the schema run: Realtime.Server schema upgrade --server-role {given.Username}";
        try
        {
            if (!await connection.ExecuteScalarAsync<bool>(PostgresChecks.Command(SchemaDialect.Postgres.VersionTableExists, null, cancellationToken)))
                return [CheckResult.Warning("postgres.schema", "there is none yet", $"A server whose role may create it does so at its start. Else: {upgrade}")];

            int found = await connection.ExecuteScalarAsync<int>(PostgresChecks.Command("select coalesce(max(version), 0) from realtime.schema_versions", null, cancellationToken));
            string versions = string.Create(CultureInfo.InvariantCulture, $"version {found}, this release brings {known}");
            if (found > known) return [CheckResult.Failed("postgres.schema", $"{versions}: it was upgraded by a newer release", "Run the newer release, or use another database.")];
            if (found < known) return [CheckResult.Failed("postgres.schema", versions, upgrade)];
            return
            [
                CheckResult.Ok("postgres.schema", versions),
                await CheckRightsAsync(connection, upgrade, cancellationToken),
                await CheckHistoryAsync(connection, cancellationToken),
            ];
        }
        catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return [CheckResult.Failed("postgres.rights", $"role {given.Username}: {CommandOutput.OneLine(fault.MessageText)}", upgrade)];
        }
    }

    private static async Task<CheckResult> CheckRightsAsync(NpgsqlConnection connection, string upgrade, CancellationToken cancellationToken) =>
        await connection.ExecuteScalarAsync<string?>(PostgresChecks.Command("select realtime.missing_rights()", null, cancellationToken)) is { } missing
            ? CheckResult.Failed("postgres.rights", $"the role lacks {missing}", upgrade)
            : CheckResult.Ok("postgres.rights", "the role has what a server needs");

    private static async Task<CheckResult> CheckHistoryAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        const string Name = "postgres.history";
        var (epoch, isOwn, known, now) = await connection.QuerySingleOrDefaultAsync<(string?, bool, int, int)>(
            PostgresChecks.Command("select epoch, is_own, known_timeline, timeline from realtime.identify()", null, cancellationToken));
        if (epoch is null) return CheckResult.Failed(Name, "there is no history: a restore is under way, or failed", "Let the restore end; if it has, restore again.");
        if (!isOwn) return CheckResult.Warning(Name, $"epoch {epoch} was written in another table, database or server: restored or copied", "Nothing: the next server that connects renews it and tells clients.");
        return known == now
            ? CheckResult.Ok(Name, string.Create(CultureInfo.InvariantCulture, $"epoch {epoch}, timeline {now}"))
            : CheckResult.Warning(Name, string.Create(CultureInfo.InvariantCulture, $"epoch {epoch} was written on timeline {known}, this is {now}: failed over"), "Nothing: the next server that connects renews the epoch, or adopts the timeline with Realtime:LosslessFailover.");
    }
}
