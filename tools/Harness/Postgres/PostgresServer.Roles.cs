using Npgsql;

namespace Realtime.Harness;

/// <summary>The two roles of a production database, beside the superuser who made it: one owns the schema, one runs the servers.</summary>
public sealed partial class PostgresServer
{
    /// <summary>Owns databases and upgrades their schema; no superuser.</summary>
    public const string OwnerRole = "realtime_owner";

    /// <summary>What servers run as: reads and writes rows, owns nothing, and has no right until the owner gives it some.</summary>
    public const string ServerRole = "realtime_app";

    /// <summary>Creates an empty database as an operator would for production, and returns the owner's connection string. Safe to call concurrently.</summary>
    /// <param name="name">Lower-case letters, digits and underscores, at most 63.</param>
    public async Task<string> CreateOwnedDatabaseAsync(string name, CancellationToken ct = default)
    {
        var database = await CreateDatabaseAsync(name, ct);
        await using var connection = new NpgsqlConnection(database + ";Pooling=false");
        await connection.OpenAsync(ct);
        await using var command = new NpgsqlCommand($"ALTER DATABASE {name} OWNER TO {OwnerRole}; REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC", connection);
        await command.ExecuteNonQueryAsync(ct);
        return As(OwnerRole, database);
    }

    /// <summary>The same database for another role.</summary>
    public static string As(string role, string connectionString) => new NpgsqlConnectionStringBuilder(connectionString) { Username = role }.ConnectionString;

    /// <summary>The same database for the superuser.</summary>
    public static string AsSuperuser(string connectionString) => As(Superuser, connectionString);

    Task CreateRolesAsync(CancellationToken ct) =>
        PsqlAsync($"create role {OwnerRole} login; create role {ServerRole} login;", "postgres", ct);
}
