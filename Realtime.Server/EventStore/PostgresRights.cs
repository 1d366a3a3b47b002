using Dapper;
using Npgsql;
using Realtime.Server.Telemetry;

namespace Realtime.Server.EventStore;

/// <summary>Whether the role that the server runs as has the rights it needs, asked at its start; and whether it has all there are.</summary>
internal static class PostgresRights
{
    /// <exception cref="DatabaseRightsException">Something is missing.</exception>
    internal static async Task CheckAsync(NpgsqlConnection connection, ILogger logger, CancellationToken cancellationToken)
    {
        var (role, isSuperuser, missing) = await connection.QuerySingleAsync<(string, bool, string?)>(new CommandDefinition(
            "select current_user::text, current_setting('is_superuser')::boolean, realtime.missing_rights()", cancellationToken: cancellationToken));
        if (missing is not null) throw new DatabaseRightsException(role, $"it lacks {missing}");
        if (isSuperuser) ServerLog.RoleIsSuperuser(logger, role);
    }

    /// <summary>Gives a role what a server needs; as the owner of the schema.</summary>
    internal static Task GrantAsync(NpgsqlConnection connection, string role, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition("select realtime.grant_server(@role)", new { role }, cancellationToken: cancellationToken));
}
