using Dapper;
using Npgsql;
using Realtime.Contracts;
using Realtime.Server.EventStore.Schema;

namespace Realtime.Server.CommandLine.Verify;

/// <summary>
/// A PostgreSQL store, over one connection of its own that may only read. Every statement is its own snapshot and takes milliseconds, so
/// vacuum is not held back. Not over <see cref="EventStore.PostgresDatabase"/>, which renews the epoch of a restored history when it connects.
/// </summary>
internal sealed class PostgresScan : IStoreScan
{
    private const int Seconds = 30;
    private const string StreamColumns =
        """
        s.user_id as UserId, s.sequence as Head, realtime.micros(s.last_time) as LastMicros, s.trimmed_sequence as Trimmed,
        realtime.micros(s.trimmed_time) as TrimmedMicros,
        (select realtime.micros(e.time) from realtime.events e where e.user_id = s.user_id and e.sequence = s.sequence) as HeadMicros,
        (select max(e.sequence) from realtime.events e where e.user_id = s.user_id) as Newest, c.sequence as Cursor, c.consumer as Consumer
        from realtime.streams s left join lateral (
            select c.sequence, c.consumer from realtime.cursors c, realtime.history_record h
            where c.user_id = s.user_id and c.epoch = h.epoch order by c.sequence desc limit 1) c on true
        """;

    private readonly NpgsqlConnection _connection;
    private bool _hasIdIndex = true;

    private PostgresScan(NpgsqlConnection connection) => _connection = connection;

    public string Description => $"PostgreSQL {_connection.Database} at {_connection.DataSource}";

    /// <exception cref="CommandFailedException">There is nothing to read there.</exception>
    internal static async Task<PostgresScan> OpenAsync(string connectionString, CancellationToken cancellationToken)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, ApplicationName = "realtime verify", CommandTimeout = Seconds };
        if (settings.Host?.Contains(',', StringComparison.Ordinal) == true) settings.TargetSessionAttributes = "primary";
        var connection = new NpgsqlConnection(settings.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);

            // By index always, also where statistics are old; and never compiled, which takes longer than a page.
            await connection.ExecuteAsync("set default_transaction_read_only = on; set enable_seqscan = off; set enable_bitmapscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off");
            int known = SchemaScript.LoadAll(SchemaDialect.Postgres.Folder)[^1].Version;
            int found = await connection.ExecuteScalarAsync<bool>(SchemaDialect.Postgres.VersionTableExists)
                ? await connection.ExecuteScalarAsync<int>("select coalesce(max(version), 0) from realtime.schema_versions")
                : throw new CommandFailedException($"There is no store in database {connection.Database} at {connection.DataSource}. Correct ConnectionStrings:Postgres.");
            return found == known
                ? new PostgresScan(connection)
                : throw new CommandFailedException($"The schema has version {found} and this release knows version {known}: verify with the release that runs.");
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public async Task<(string? Epoch, string? Fault)> ReadEpochAsync(CancellationToken cancellationToken)
    {
        var rows = (await _connection.QueryAsync<(string Epoch, bool IsOwn)>(Command(
            "select r.epoch, r.table_oid = r.tableoid and r.database_oid = realtime.database_oid() from realtime.history_record r", null, cancellationToken))).ToList();
        return rows switch
        {
            [] => (null, "there is no epoch: a restore is under way, or failed"),
            [{ IsOwn: false } row] => (row.Epoch, $"the epoch {row.Epoch} was written in another table or database: a restored copy that no server has renewed yet"),
            [var row] when !StreamPosition.TryParse(row.Epoch + ".0", out _) => (row.Epoch, "the epoch is not 1 to 16 of a-z and 0-9"),
            [var row] => (row.Epoch, null),
            _ => (rows[0].Epoch, $"there are {rows.Count} epochs; one store has one"),
        };
    }

    public async Task<IReadOnlyList<string>> FindMissingIndexesAsync(CancellationToken cancellationToken)
    {
        // Unique, valid, over these columns and all rows.
        var present = (await _connection.QueryAsync<string>(Command(
            """
            select i.indrelid::regclass::text || ' (' || (
                select string_agg(a.attname, ', ' order by k.place) from unnest(i.indkey::int2[]) with ordinality k (attnum, place)
                join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum) || ')'
            from pg_index i
            where i.indrelid in ('realtime.events'::regclass, 'realtime.streams'::regclass) and i.indisunique and i.indisvalid and i.indpred is null
            """, null, cancellationToken))).ToHashSet(StringComparer.Ordinal);
        string[] needed = ["realtime.streams (user_id)", "realtime.events (user_id, sequence)", "realtime.events (user_id, id)"];
        _hasIdIndex = present.Contains(needed[2]);
        return [.. needed.Where(n => !present.Contains(n)).Select(n => $"the unique index of {n}")];
    }

    public Task<long> CountStreamsAsync(CancellationToken cancellationToken) =>
        _connection.ExecuteScalarAsync<long>(Command(
            "select case when c.reltuples < 100000 then (select count(*) from realtime.streams) else c.reltuples::bigint end from pg_class c where c.oid = 'realtime.streams'::regclass",
            null,
            cancellationToken));

    public async Task<IReadOnlyList<StreamRow>> ReadStreamsAsync(string afterUser, int limit, CancellationToken cancellationToken) =>
        [.. await _connection.QueryAsync<StreamRow>(Command($"select {StreamColumns} where s.user_id > @afterUser order by s.user_id limit @limit", new { afterUser, limit }, cancellationToken))];

    public Task<StreamRow?> ReadStreamAsync(string user, CancellationToken cancellationToken) =>
        _connection.QuerySingleOrDefaultAsync<StreamRow>(Command($"select {StreamColumns} where s.user_id = @user", new { user }, cancellationToken));

    public async Task<(string? LastUser, IReadOnlyList<string> Orphans)> FindOrphansAsync(string afterUser, int limit, CancellationToken cancellationToken)
    {
        // From user to user by index, however many events each has.
        var users = (await _connection.QueryAsync<(string User, bool HasStream)>(Command(
            """
            with recursive u (user_id, n) as (
                (select e.user_id, 1 from realtime.events e where e.user_id > @afterUser order by e.user_id limit 1)
                union all
                select (select e.user_id from realtime.events e where e.user_id > u.user_id order by e.user_id limit 1), u.n + 1
                from u where u.user_id is not null and u.n < @limit)
            select u.user_id, exists (select from realtime.streams s where s.user_id = u.user_id) from u where u.user_id is not null order by u.n
            """, new { afterUser, limit }, cancellationToken))).ToList();
        return (users.Count < limit ? null : users[^1].User, [.. users.Where(u => !u.HasStream).Select(u => u.User)]);
    }

    public async Task<int> ReadEventsAsync(string user, long after, long upTo, int limit, Action<ScannedEvent> each, CancellationToken cancellationToken)
    {
        // Without its index the look-up by id would read the table once per event.
        string places = _hasIdIndex
            ? "(select min(x.sequence) from realtime.events x where x.user_id = e.user_id and x.id = e.id), (select count(*) from realtime.events x where x.user_id = e.user_id and x.id = e.id)"
            : "e.sequence, 1::bigint";
        await using var command = new NpgsqlCommand(
            $"""
            select e.sequence, e.id::text, e.type, realtime.micros(e.time), convert_to(e.data::text, 'UTF8'), e.size::bigint, {places}
            from realtime.events e where e.user_id = $1 and e.sequence > $2 and e.sequence <= $3 order by e.sequence limit $4
            """,
            _connection)
        { Parameters = { new() { Value = user }, new() { Value = after }, new() { Value = upTo }, new() { Value = limit } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        int count = 0;
        for (; await reader.ReadAsync(cancellationToken); count++)
        {
            each(new ScannedEvent(
                reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetInt64(3), reader.GetFieldValue<byte[]>(4), reader.GetInt64(5),
                await reader.IsDBNullAsync(6, cancellationToken) ? null : reader.GetInt64(6), reader.GetInt64(7)));
        }

        return count;
    }

    public async Task<IReadOnlyList<(string Id, long First, long Last)>> FindRepeatedIdsAsync(string user, CancellationToken cancellationToken) => _hasIdIndex
        ? []
        : [.. await _connection.QueryAsync<(string, long, long)>(Command(
            "select e.id::text, min(e.sequence), max(e.sequence) from realtime.events e where e.user_id = @user group by e.id having count(*) > 1 limit 100", new { user }, cancellationToken))];

    /// <summary>Class XX: a page or an index is corrupt; class 22: a value is none of its type.</summary>
    public bool IsDamage(Exception fault) =>
        fault is PostgresException { SqlState: var state } && (state.StartsWith("XX", StringComparison.Ordinal) || state.StartsWith("22", StringComparison.Ordinal) || state.StartsWith("58", StringComparison.Ordinal))
        || StoreVerifier.IsMisread(fault);

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private static CommandDefinition Command(string sql, object? parameters, CancellationToken cancellationToken) => new(sql, parameters, cancellationToken: cancellationToken);
}
