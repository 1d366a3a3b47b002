using Npgsql;
using Realtime.Server.EventStore;
using Realtime.Server.EventStore.Schema;

namespace Realtime.Server;

/// <summary>
/// <c>schema upgrade [--server-role NAME]</c>: for the owner of the schema, before servers of a release run as a role that owns nothing.
/// Same configuration as the server's, with the owner's connection string; one line as the result; exit code 0 or 1.
/// </summary>
internal static class SchemaCommand
{
    internal static bool IsMeant(string[] args) => args is ["schema", ..];

    internal static async Task<int> RunAsync(string[] args, WebApplicationBuilder builder)
    {
        if (args is not ["schema", "upgrade", ..]) return await FailAsync("Usage: schema upgrade [--server-role NAME]");

        ConfigurationCheck.Store(builder.Configuration);
        builder.Services.Configure<RealtimeOptions>(builder.Configuration.GetSection(RealtimeOptions.Section));
        builder.Services.AddEventStore(builder.Configuration);
        builder.Logging.ClearProviders(); // the result is one line
        await using var services = builder.Services.BuildServiceProvider();
        if (services.GetService<PostgresDatabase>() is not { } database) return await FailAsync("Set ConnectionStrings:Postgres: the embedded store upgrades itself.");

        try
        {
            await database.InitializeAsync(CancellationToken.None);
            string? role = builder.Configuration["server-role"];
            if (role is not null) await database.RunAsync("grant", c => GrantAsync(c, role), CancellationToken.None);
            int version = SchemaScript.LoadAll(SchemaDialect.Postgres.Folder)[^1].Version;
            Console.WriteLine($"The schema has version {version}{(role is null ? string.Empty : $", and '{role}' may read and write its rows")}.");
            return 0;
        }
        catch (StoreUnavailableException fault)
        {
            return await FailAsync(fault.Message.ReplaceLineEndings(" "));
        }
    }

    private static async Task<bool> GrantAsync(NpgsqlConnection connection, string role)
    {
        await PostgresRights.GrantAsync(connection, role, CancellationToken.None);
        return true;
    }

    private static async Task<int> FailAsync(string why)
    {
        await Console.Error.WriteLineAsync(why);
        return 1;
    }
}
