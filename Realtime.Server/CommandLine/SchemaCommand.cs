using Npgsql;
using Realtime.Server.EventStore;
using Realtime.Server.EventStore.Schema;

namespace Realtime.Server.CommandLine;

/// <summary>
/// <c>schema upgrade [--server-role NAME]</c>: for the owner of the schema, before servers of a release run as a role that owns nothing.
/// Same configuration as the server's, with the owner's connection string.
/// </summary>
internal static class SchemaCommand
{
    private const string ServerRole = "--server-role";

    internal static readonly ServerCommand Upgrade = new(
        "schema upgrade",
        "brings the PostgreSQL schema to this release",
        """
        Run it as the owner of the schema (ConnectionStrings:Postgres), before the servers of a new release start. It may be
        repeated; a schema that is newer than this release is left alone. The embedded store upgrades itself.
        """,
        [new(ServerRole, "NAME", "also gives this role what a server needs: rows, nothing of the schema itself")],
        RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        ConfigurationCheck.Store(context.Configuration);
        await using var services = StoreServices.Build(context);
        if (services.GetService<PostgresDatabase>() is not { } database)
            return context.Output.Fail("Set ConnectionStrings:Postgres: the embedded store upgrades itself.");

        string? role = context.Arguments.Value(ServerRole);
        await database.InitializeAsync(context.Cancelled);
        if (role is not null)
        {
            try
            {
                await database.RunAsync("grant", c => GrantAsync(c, role, context.Cancelled), context.Cancelled);
            }
            catch (StoreUnavailableException fault) when (fault.InnerException is PostgresException { SqlState: PostgresErrorCodes.UndefinedObject })
            {
                return context.Output.Fail($"There is no role '{role}' to give rights to. Create it first: create role {role} login password '...'.");
            }
            catch (StoreUnavailableException fault) when (fault.InnerException is PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege })
            {
                return context.Output.Fail("Only the owner of the schema can give rights: connect as its owner.");
            }
        }

        int version = SchemaScript.LoadAll(SchemaDialect.Postgres.Folder)[^1].Version;
        context.Output.Result(
            new { status = "ok", schema = version, serverRole = role },
            $"The schema has version {version}{(role is null ? string.Empty : $", and '{role}' may read and write its rows")}.");
        return ExitCode.Success;
    }

    private static async Task<bool> GrantAsync(NpgsqlConnection connection, string role, CancellationToken cancellationToken)
    {
        await PostgresRights.GrantAsync(connection, role, cancellationToken);
        return true;
    }
}
