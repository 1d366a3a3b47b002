using System.Globalization;
using Realtime.Harness;

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

    /// <summary>An empty database of the caller's own; returns its connection string.</summary>
    internal static async Task<string> CreateDatabaseAsync()
    {
        var server = await PostgresAsync();
        var number = Interlocked.Increment(ref _databases);
        return await Deadline.Of(server.CreateDatabaseAsync(string.Create(CultureInfo.InvariantCulture, $"test_{number}")), StartDeadline);
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
