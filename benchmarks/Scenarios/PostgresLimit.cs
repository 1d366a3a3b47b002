using System.Diagnostics;
using Npgsql;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>What PostgreSQL alone commits on this machine: rows of our shape, with our indexes, 500 a transaction on two connections.</summary>
internal static class PostgresLimit
{
    private const int Connections = 2;
    private const string Schema =
        """
        create table events (
            user_id text collate "C" not null, sequence bigint not null, id uuid not null, type text not null, time timestamptz not null, data json not null, size int not null,
            primary key (user_id, sequence), unique (user_id, id));
        create index on events (user_id, time);
        """;

    private const string Insert =
        """
        insert into events
        select 'user_' || (i % 2000), $1 + i, gen_random_uuid(), 'agent.step_completed', clock_timestamp(), $2::json, octet_length($2)
        from generate_series(1, 500) i
        """;

    public static async Task<double> RowsPerSecondAsync(Stage stage, double seconds)
    {
        var (database, connectionString) = await stage.MakeEmptyAsync();
        await using (var source = NpgsqlDataSource.Create(connectionString))
        {
            await using (var create = source.CreateCommand(Schema)) await create.ExecuteNonQueryAsync();
            long start = Stopwatch.GetTimestamp();
            long[] rows = await Task.WhenAll(Enumerable.Range(0, Connections).Select(n => InsertAsync(source, n, start, seconds)));
            double perSecond = rows.Sum() / Stopwatch.GetElapsedTime(start).TotalSeconds;
            await stage.DropAsync(database);
            return perSecond;
        }
    }

    private static async Task<long> InsertAsync(NpgsqlDataSource source, int number, long start, double seconds)
    {
        await using var connection = await source.OpenConnectionAsync();
        await using var insert = new NpgsqlCommand(Insert, connection);
        var first = new NpgsqlParameter<long>();
        insert.Parameters.Add(first);
        insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = $"{{\"summary\":\"{new string('s', 380)}\"}}" });
        await insert.PrepareAsync();
        long rows = 0;
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
        {
            first.TypedValue = (number * 1_000_000_000L) + rows; // no key twice
            rows += await insert.ExecuteNonQueryAsync();
        }

        return rows;
    }
}
