using Dapper;
using Microsoft.Data.Sqlite;
using Realtime.Server.EventStore;
using Realtime.Server.Revocations;

namespace Realtime.Tests.Specifications;

internal sealed class EventStoreSqliteUnderTest : EventStoresUnderTest
{
    private readonly SqliteDatabase _database;
    private readonly string _folder;
    private readonly bool _ownsFolder;

    public EventStoreSqliteUnderTest()
        : this(Directory.CreateTempSubdirectory("realtime-store-").FullName, ownsFolder: true)
    {
    }

    private EventStoreSqliteUnderTest(string folder, bool ownsFolder)
    {
        _folder = folder;
        _ownsFolder = ownsFolder;
        FilePath = Path.Combine(folder, "data", "realtime.db");
        _database = new SqliteDatabase(FilePath, TimeProvider.System);
        Events = new SqliteEventStore(_database);
        Brakes = new SqliteBrakeStore(_database);
        Cursors = new SqliteCursorStore(_database);
        Revocations = new SqliteRevocationStore(_database);
    }

    public string FilePath { get; }

    public override IEventStore Events { get; }

    public override IBrakeStore Brakes { get; }

    public override IConsumerCursorStore Cursors { get; }

    public override IRevocationStore Revocations { get; }

    public override EventStoresUnderTest AnotherNode() => new EventStoreSqliteUnderTest(_folder, ownsFolder: false);

    public override Task SetLastTimeAsync(string user, DateTimeOffset time) =>
        ExecuteAsync("update streams set last_time = @micros where user_id = @user", new { user, micros = StoreTime.ToMicros(time) });

    public override Task SetEpochAsync(string epoch) => ExecuteAsync("update history set epoch = @epoch", new { epoch });

    public async Task ExecuteAsync(string sql, object? parameters = null)
    {
        await using var connection = new SqliteConnection($"Data Source={FilePath};Pooling=false");
        await connection.ExecuteAsync(sql, parameters);
    }

    public override ValueTask DisposeAsync()
    {
        _database.Dispose();
        if (_ownsFolder) Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
