using System.Globalization;
using System.Text.Json;
using Npgsql;
using Realtime.Server.EventStore;
using Realtime.Tests.Specifications;
using Realtime.Tests.Support;
using static Realtime.Tests.Specifications.EventStoreTestEvents;

namespace Realtime.Tests.Integration;

/// <summary>What a read costs depends on its page, not on how long the stream or how full the database is.</summary>
[Category("Integration")]
internal sealed class EventStoreIndexTests
{
    [Test]
    public async Task Streams_are_read_and_searched_by_index_only()
    {
        var filling = (EventStorePostgresUnderTest)await EventStorePostgresUnderTest.CreateAsync();
        string[] users = [.. Enumerable.Range(0, 20).Select(_ => NewUser())];
        await filling.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
        foreach (string user in users) await filling.Events.FillAsync(user, 250);
        await filling.ExecuteAsync("analyze realtime.events");
        var before = await EndAndCountAsync(filling);

        var reading = new EventStorePostgresUnderTest(filling.ConnectionString);
        foreach (string user in users)
        {
            var page = await reading.Events.SinceAsync(user, limit: 100);
            await reading.Events.SinceAsync(user, page.Events[^1].Time, limit: 100);
            await reading.Events.AfterAsync(user, page.Next, limit: 100);
            await reading.Events.BeforeAsync(user, page.Next, limit: 50);
            await reading.Events.HeadAsync(user);
            await reading.Events.TrimToAsync(user, 10);
        }

        await reading.Events.ExpiredAsync(DateTimeOffset.UnixEpoch);
        var after = await EndAndCountAsync(reading);
        after.ByIndex.Should().BeGreaterThanOrEqualTo(before.ByIndex + (5 * users.Length));
        after.Sequential.Should().Be(before.Sequential);
    }

    /// <summary>Compiling takes a hundred times as long as the read, whenever a connection is new: after every fault, for everybody at once.</summary>
    [Test]
    public async Task No_read_looks_so_costly_that_postgres_compiles_it()
    {
        await using var stores = (EventStorePostgresUnderTest)await EventStorePostgresUnderTest.CreateAsync();
        await stores.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
        await using var connection = await stores.ConnectAsync();
        double limit = double.Parse((string)(await ScalarAsync(connection, "select current_setting('jit_above_cost')"))!, CultureInfo.InvariantCulture);

        foreach (string sql in new[] { PostgresStreamReads.Bounds, PostgresStreamReads.Heads, PostgresStreamReads.After, PostgresStreamReads.Since, PostgresStreamReads.Before })
        {
            var plan = JsonDocument.Parse((string)(await ScalarAsync(
                connection, "explain (format json) " + sql, new NpgsqlParameter("user", NewUser()), new NpgsqlParameter("users", Enumerable.Range(0, 1000).Select(_ => NewUser()).ToArray()),
                new NpgsqlParameter("after", 3L), new NpgsqlParameter("since", DateTime.UnixEpoch), new NpgsqlParameter("before", 3L), new NpgsqlParameter("limit", 1000), new NpgsqlParameter("MaxBytes", 1L << 20)))!);
            plan.RootElement[0].GetProperty("Plan").GetProperty("Total Cost").GetDouble().Should().BeLessThan(limit / 2, sql);
        }
    }

    /// <summary>Ends the store first: a connection's counts are certain to be published when it has ended.</summary>
    private static async Task<(long Sequential, long ByIndex)> EndAndCountAsync(EventStorePostgresUnderTest stores)
    {
        await stores.DisposeAsync();
        await using var connection = await stores.ConnectAsync();
        await Eventually.Async(
            "its connections have ended",
            async () => await CountAsync(connection, "select count(*) from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()") == 0,
            Patience);
        return (
            await CountAsync(connection, "select seq_scan from pg_stat_user_tables where schemaname = 'realtime' and relname = 'events'"),
            await CountAsync(connection, "select idx_scan from pg_stat_user_tables where schemaname = 'realtime' and relname = 'events'"));
    }

    private static async Task<long> CountAsync(NpgsqlConnection connection, string sql) => (long)(await ScalarAsync(connection, sql))!;

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddRange(parameters);
        return await command.ExecuteScalarAsync().WithinDeadline(Patience);
    }
}
