using Npgsql;
using Realtime.Server.EventStore;
using Realtime.Server.Revocations;
using Realtime.Tests.Specifications;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

internal sealed class EventStorePostgresUnderTest : EventStoresUnderTest
{
    private readonly PostgresDatabase _database;

    public EventStorePostgresUnderTest(string connectionString, TimeSpan? commandTimeout = null, bool isFailoverLossless = false, LogLines? logs = null)
    {
        ConnectionString = connectionString;
        _database = new PostgresDatabase(connectionString, commandTimeout, isFailoverLossless, logs?.CreateLogger("store"));
        Epochs = new PostgresEpochStore(_database);
        Events = new PostgresEventStore(_database);
        Brakes = new PostgresBrakeStore(_database);
        Cursors = new PostgresCursorStore(_database);
        Revocations = new PostgresRevocationStore(_database);
    }

    public string ConnectionString { get; }

    public override IEventStore Events { get; }

    public IEpochStore Epochs { get; }

    public string? Weakness => _database.Weakness;

    public override IBrakeStore Brakes { get; }

    public override IConsumerCursorStore Cursors { get; }

    public override IRevocationStore Revocations { get; }

    /// <summary>Over an empty database of the shared server, which a busy machine may keep waiting.</summary>
    public static async Task<EventStoresUnderTest> CreateAsync() => new EventStorePostgresUnderTest(await Shared.CreateDatabaseAsync(), TimeSpan.FromSeconds(30));

    public override EventStoresUnderTest AnotherNode() => new EventStorePostgresUnderTest(ConnectionString);

    public override Task SetLastTimeAsync(string user, DateTimeOffset time) =>
        ExecuteAsync("update realtime.streams set last_time = $1 where user_id = $2", time.UtcDateTime, user);

    public override Task SetEpochAsync(string epoch) => ExecuteAsync("update realtime.history_record set epoch = $1", epoch);

    /// <summary>As a superuser, past the rights of the store's own role.</summary>
    public Task<NpgsqlConnection> ConnectAsync() => SqlDoor.ConnectAsync(ConnectionString);

    public async Task ExecuteAsync(string sql, params object[] values)
    {
        await using var connection = await ConnectAsync();
        await connection.RunAsync(sql, values);
    }

    public override ValueTask DisposeAsync() => _database.DisposeAsync();
}
