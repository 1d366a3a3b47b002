using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Realtime.Server.EventStore;
using Realtime.Server.EventStore.Schema;
using Realtime.Tests.Support;
using static Realtime.Tests.Specifications.EventStoreTestEvents;

namespace Realtime.Tests.Specifications;

/// <summary>What is particular to the embedded store: its file, and who else uses it.</summary>
internal sealed class EventStoreSqliteFileTests
{
    [Test]
    public async Task The_file_is_made_with_its_folder_and_survives_a_restart()
    {
        await using var stores = new EventStoreSqliteUnderTest();
        File.Exists(stores.FilePath).Should().BeFalse();
        await stores.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
        var appended = await stores.Events.AppendAsync(Event("anna"));

        await using var restarted = stores.AnotherNode();
        await restarted.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);

        (await restarted.Events.HeadAsync("anna")).Should().Be(appended[0].Position);
    }

    [Test]
    public async Task While_another_process_writes_appends_are_unavailable_reads_go_on_and_afterwards_all_is_well()
    {
        await using var stores = new EventStoreSqliteUnderTest();
        await stores.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
        await stores.Events.AppendAsync(Event("anna"));
        await using var other = new SqliteConnection($"Data Source={stores.FilePath};Pooling=false");
        await other.OpenAsync();
        await other.ExecuteAsync("begin immediate");

        var append = () => stores.Events.AppendAllAsync(Unit(Event("anna")));
        await append.Should().ThrowAsync<StoreUnavailableException>().WithMessage("*locked*");
        (await stores.Events.HeadAsync("anna")).Sequence.Should().Be(1);
        await other.ExecuteAsync("rollback");

        (await stores.Events.AppendAsync(Event("anna")))[0].Position.Sequence.Should().Be(2);
    }

    [Test]
    public async Task A_file_that_is_no_database_is_unavailable_with_its_path()
    {
        await using var stores = new EventStoreSqliteUnderTest();
        Directory.CreateDirectory(Path.GetDirectoryName(stores.FilePath)!);
        await File.WriteAllTextAsync(stores.FilePath, new string('x', 5000));

        var start = () => stores.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);

        await start.Should().ThrowAsync<StoreUnavailableException>().WithMessage($"*{stores.FilePath}*");
    }

    [Test]
    public async Task A_schema_newer_than_this_release_is_refused_in_one_sentence()
    {
        await using var stores = new EventStoreSqliteUnderTest();
        await stores.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
        await stores.ExecuteAsync("insert into schema_versions (version, name) values (9999, 'future')");

        var start = () => stores.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);

        await start.Should().ThrowAsync<SchemaTooNewException>().WithMessage("*version 9999*newer release*");
    }

    [Test]
    public async Task A_commit_is_on_disk_before_it_is_acknowledged()
    {
        await using var stores = new EventStoreSqliteUnderTest();
        using var database = new SqliteDatabase(stores.FilePath, TimeProvider.System);
        await database.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);

        var (journal, synchronous) = await database.WriteAsync(
            "look",
            (connection, transaction) => (
                connection.ExecuteScalar<string>("pragma journal_mode", transaction: transaction),
                connection.ExecuteScalar<int>("pragma synchronous", transaction: transaction)),
            CancellationToken.None).WithinDeadline(Patience);

        (journal, synchronous).Should().Be(("wal", 2));
    }

    [TestCase("Host=db", typeof(PostgresEventStore), typeof(PostgresBrakeStore), typeof(PostgresCursorStore))]
    [TestCase(null, typeof(SqliteEventStore), typeof(SqliteBrakeStore), typeof(SqliteCursorStore))]
    public void The_connection_string_decides_which_stores_are_registered(string? postgres, Type events, Type brakes, Type cursors)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new KeyValuePair<string, string?>("ConnectionStrings:Postgres", postgres)])
            .Build();

        var services = new ServiceCollection().AddEventStore(configuration);

        services.Should().ContainSingle(s => s.ServiceType == typeof(IEventStore) && s.ImplementationType == events);
        services.Should().ContainSingle(s => s.ServiceType == typeof(IBrakeStore) && s.ImplementationType == brakes);
        services.Should().ContainSingle(s => s.ServiceType == typeof(IConsumerCursorStore) && s.ImplementationType == cursors);
    }
}
