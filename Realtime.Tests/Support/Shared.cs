using System.Globalization;
using Npgsql;
using Realtime.Harness;
using Realtime.Server.EventStore;

namespace Realtime.Tests.Support;

/// <summary>
/// One PostgreSQL and one Redis for the whole run, started by the first test that asks. For tests that leave them in
/// peace: whoever kills or pauses a server starts a private one. Thread-safe.
/// </summary>
static class Shared
{
    static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(90);
    static readonly Lazy<Task<PostgresServer>> LazyPostgres = new(() => PostgresServer.StartAsync());
    static readonly Lazy<Task<RedisServer>> LazyRedis = new(() => RedisServer.StartAsync());
    static int _databases;

    internal static Task<PostgresServer> PostgresAsync() => Deadline.Of(LazyPostgres.Value, StartDeadline, "the shared PostgreSQL");

    internal static Task<RedisServer> RedisAsync() => Deadline.Of(LazyRedis.Value, StartDeadline, "the shared Redis");

    /// <summary>
    /// A database of the caller's own, with the schema and no event, as production has it: the owner has upgraded it, and the connection
    /// string that is returned is of the role that servers run as. <see cref="SqlDoor.ConnectAsync"/> opens it for everything else.
    /// </summary>
    internal static async Task<string> CreateDatabaseAsync()
    {
        string owner = await CreateEmptyDatabaseAsync();
        await using (var database = new PostgresDatabase(owner + ";Pooling=false", StartDeadline))
        {
            await database.InitializeAsync(CancellationToken.None).WithinDeadline(StartDeadline);
            await database.RunAsync("grant", GrantAsync, CancellationToken.None).WithinDeadline(StartDeadline);
        }

        return PostgresServer.As(PostgresServer.ServerRole, owner);

        static async Task<bool> GrantAsync(NpgsqlConnection connection)
        {
            await PostgresRights.GrantAsync(connection, PostgresServer.ServerRole, CancellationToken.None);
            return true;
        }
    }

    /// <summary>A database of the caller's own, without a schema; returns the connection string of its owner.</summary>
    internal static async Task<string> CreateEmptyDatabaseAsync()
    {
        var server = await PostgresAsync();
        var number = Interlocked.Increment(ref _databases);
        return await Deadline.Of(server.CreateOwnedDatabaseAsync(string.Create(CultureInfo.InvariantCulture, $"test_{number}")), StartDeadline);
    }

    internal static async Task StopAsync()
    {
        // One that failed to start was reported by the tests that wanted it, and has cleaned up after itself.
        if (LazyRedis is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await LazyRedis.Value).DisposeAsync();
        if (LazyPostgres is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await LazyPostgres.Value).DisposeAsync();
    }
}
