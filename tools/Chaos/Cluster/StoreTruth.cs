using System.Diagnostics;
using Npgsql;
using Realtime.Chaos.Records;
using Realtime.Contracts;

namespace Realtime.Chaos.Cluster;

/// <summary>
/// What the database itself says, asked past the servers and their wires. Triggers keep what retention deletes, and every
/// step of it, so that the whole history can be compared in the end.
/// </summary>
sealed class StoreTruth(string connectionString)
{
    const string Install = """
        create schema chaos;
        create table chaos.trimmed as select * from realtime.events with no data;
        create table chaos.trims (user_id text not null, sequence bigint not null);
        create function chaos.keep_event() returns trigger language plpgsql security definer as $$ begin insert into chaos.trimmed select old.*; return null; end $$;
        create trigger chaos_keep_event after delete on realtime.events for each row execute function chaos.keep_event();
        create function chaos.keep_trim() returns trigger language plpgsql security definer as $$
        begin insert into chaos.trims values (new.user_id, new.trimmed_sequence); return null; end $$;
        create trigger chaos_keep_trim after update on realtime.streams for each row
            when (old.trimmed_sequence <> new.trimmed_sequence) execute function chaos.keep_trim();
        """;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // The same everywhere, also where a server was down a moment ago: no connection outlives its use.
    readonly string _connectionString = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, Timeout = 5, CommandTimeout = 30 }.ConnectionString;

    internal async Task<NpgsqlConnection> OpenAsync(CancellationToken ct)
    {
        var connection = new NpgsqlConnection(_connectionString);
        await connection.OpenAsync(ct);
        return connection;
    }

    internal async Task InstallAsync(CancellationToken ct)
    {
        await using var connection = await OpenAsync(ct);
        await using var command = new NpgsqlCommand(Install, connection);
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>What the nodes sign their pushes with.</summary>
    internal Task<byte[]> BackplaneSecretAsync(CancellationToken ct) => PersistAsync(async () =>
    {
        await using var connection = await OpenAsync(ct);
        await using var command = new NpgsqlCommand("select * from realtime.read_backplane_secrets() limit 1", connection);
        return (byte[])(await command.ExecuteScalarAsync(ct))!;
    }, ct);

    internal async Task<IReadOnlyDictionary<string, long>> HeadsAsync(CancellationToken ct)
    {
        var heads = new Dictionary<string, long>();
        await ReadAsync("select user_id, sequence from realtime.streams", row => heads[row.GetString(0)] = row.GetInt64(1), ct);
        return heads;
    }

    internal async Task<IReadOnlyList<StoredEvent>> EventsAsync(CancellationToken ct)
    {
        var events = new List<StoredEvent>();
        await ReadAsync(
            """
            select h.epoch, e.user_id, e.sequence, e.id, left(encode(sha256(convert_to(e.data::text, 'UTF8')), 'hex'), 16), realtime.micros(e.time), e.gone
            from (select *, false as gone from realtime.events union all select *, true from chaos.trimmed) e, realtime.history h
            """,
            row => events.Add(new(row.GetString(1), new(row.GetString(0), row.GetInt64(2)), row.GetGuid(3), row.GetString(4), row.GetInt64(5), row.GetBoolean(6))), ct);
        return events;
    }

    internal async Task<IReadOnlyDictionary<string, IReadOnlyList<StreamPosition>>> TrimsAsync(CancellationToken ct)
    {
        var trims = new List<(string User, StreamPosition Position)>();
        await ReadAsync("select t.user_id, h.epoch, t.sequence from chaos.trims t, realtime.history h",
            row => trims.Add((row.GetString(0), new(row.GetString(1), row.GetInt64(2)))), ct);
        return trims.GroupBy(t => t.User).ToDictionary(g => g.Key, g => (IReadOnlyList<StreamPosition>)[.. g.Select(t => t.Position)]);
    }

    /// <summary>Trims as the retention job does: raises the old end, commits, then deletes. False when the stream was held.</summary>
    internal Task<bool> TrimAsync(string user, long upTo, CancellationToken ct) => PersistAsync(async () =>
    {
        await using var connection = await OpenAsync(ct);
        await using var raise = new NpgsqlCommand("select realtime.raise_oldest($1, $2)", connection);
        raise.Parameters.Add(new() { Value = user });
        raise.Parameters.Add(new() { Value = upTo });
        if (await raise.ExecuteScalarAsync(ct) is not true)
            return false;
        await using var delete = new NpgsqlCommand("select realtime.delete_trimmed($1, 100000)", connection);
        delete.Parameters.Add(new() { Value = user });
        await delete.ExecuteScalarAsync(ct);
        return true;
    }, ct);

    Task<int> ReadAsync(string sql, Action<NpgsqlDataReader> take, CancellationToken ct) => PersistAsync(async () =>
    {
        await using var connection = await OpenAsync(ct);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 120 };
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            take(rows);
        return 0;
    }, ct);

    /// <summary>Tries again while PostgreSQL is one of the things that are broken.</summary>
    static async Task<T> PersistAsync<T>(Func<Task<T>> work, CancellationToken ct)
    {
        for (var elapsed = Stopwatch.StartNew(); ; await Task.Delay(200, ct))
        {
            try
            {
                return await work();
            }
            catch (Exception fault) when (fault is NpgsqlException or TimeoutException && elapsed.Elapsed < Patience)
            {
                // Most likely killed a moment ago; it comes back.
            }
        }
    }
}
