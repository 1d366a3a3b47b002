using Npgsql;
using Realtime.Server.EventStore.Schema;
using Realtime.Tests.Support;
using static Realtime.Tests.Specifications.EventStoreTestEvents;

namespace Realtime.Tests.Integration;

[Category("Integration")]
internal sealed class PostgresEventStoreSchemaTests
{
    [Test]
    public async Task A_schema_newer_than_this_release_is_refused_in_one_sentence()
    {
        await using var stores = (EventStorePostgresUnderTest)await EventStorePostgresUnderTest.CreateAsync();
        await stores.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
        await stores.ExecuteAsync("insert into realtime.schema_versions (version, name) values (9999, 'future')");

        var start = () => stores.Events.InitializeAsync(CancellationToken.None).WithinDeadline();

        await start.Should().ThrowAsync<SchemaTooNewException>().WithMessage("*version 9999*newer release*");
    }

    [Test]
    public async Task A_script_that_fails_leaves_nothing_of_those_before_it()
    {
        await using var connection = new NpgsqlConnection(await Shared.CreateEmptyDatabaseAsync());
        await connection.OpenAsync().WithinDeadline();
        SchemaScript[] scripts = [new(1, "fine", "create table realtime.one (x int)"), new(2, "broken", "create table realtime.two (x nonsense)")];

        var migrate = () => MigrationRunner.RunAsync(connection, SchemaDialect.Postgres, scripts, CancellationToken.None).WithinDeadline();

        await migrate.Should().ThrowAsync<PostgresException>();
        (await connection.RunAsync("select to_regnamespace('realtime') is null")).Should().Be(true);
    }

    [Test]
    public async Task An_upgrade_applies_only_what_is_missing()
    {
        await using var connection = new NpgsqlConnection(await Shared.CreateEmptyDatabaseAsync());
        await connection.OpenAsync().WithinDeadline();
        SchemaScript one = new(1, "one", "create table realtime.one (x int)"), two = new(2, "two", "alter table realtime.one add y int");

        await MigrationRunner.RunAsync(connection, SchemaDialect.Postgres, [one], CancellationToken.None).WithinDeadline();
        await MigrationRunner.RunAsync(connection, SchemaDialect.Postgres, [one, two], CancellationToken.None).WithinDeadline();
        await MigrationRunner.RunAsync(connection, SchemaDialect.Postgres, [one, two], CancellationToken.None).WithinDeadline();

        (await connection.RunAsync("select string_agg(version || ' ' || name, ',' order by version) from realtime.schema_versions")).Should().Be("1 one,2 two");
    }
}
