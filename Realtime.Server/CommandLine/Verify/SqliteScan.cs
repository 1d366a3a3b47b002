using Dapper;
using Microsoft.Data.Sqlite;
using Realtime.Contracts;
using Realtime.Server.EventStore.Schema;

namespace Realtime.Server.CommandLine.Verify;

/// <summary>An embedded store, opened for reading only beside the server that has it open. SQLite works synchronously, so every page runs on a background thread.</summary>
internal sealed class SqliteScan : IStoreScan
{
    private const int Corrupt = 11;
    private const int NotADatabase = 26;
    private const string StreamColumns =
        """
        s.user_id as UserId, s.sequence as Head, s.last_time as LastMicros, s.trimmed_sequence as Trimmed, s.trimmed_time as TrimmedMicros,
        (select e.time from events e where e.user_id = s.user_id and e.sequence = s.sequence) as HeadMicros,
        (select max(e.sequence) from events e where e.user_id = s.user_id) as Newest,
        (select max(c.sequence) from cursors c where c.user_id = s.user_id and c.epoch = (select epoch from history limit 1)) as Cursor,
        (select c.consumer from cursors c where c.user_id = s.user_id and c.epoch = (select epoch from history limit 1) order by c.sequence desc limit 1) as Consumer
        from streams s
        """;

    private readonly SqliteConnection _connection;
    private readonly string _path;
    private bool _hasIdIndex = true;

    private SqliteScan(SqliteConnection connection, string path) => (_connection, _path) = (connection, path);

    public string Description => $"SQLite {_path}";

    /// <exception cref="CommandFailedException">There is nothing to read there.</exception>
    internal static SqliteScan Open(string path)
    {
        if (!File.Exists(path)) throw new CommandFailedException($"There is no store at {path}. Set Storage:SqlitePath or ConnectionStrings:Postgres to the server's.");
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
        try
        {
            connection.Open();
            int known = SchemaScript.LoadAll(SchemaDialect.Sqlite.Folder)[^1].Version;
            int found = connection.ExecuteScalar<bool>(SchemaDialect.Sqlite.VersionTableExists)
                ? connection.ExecuteScalar<int>("select coalesce(max(version), 0) from schema_versions")
                : throw new CommandFailedException($"{path} is a SQLite file, but no store. Set Storage:SqlitePath to the server's.");
            return found == known
                ? new SqliteScan(connection, path)
                : throw new CommandFailedException($"The schema has version {found} and this release knows version {known}: verify with the release that runs.");
        }
        catch (SqliteException fault)
        {
            connection.Dispose();
            throw new CommandFailedException($"{path} cannot be read: {CommandOutput.OneLine(fault.Message)} If it is the store, restore a backup and run 'epoch renew'.");
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public Task<(string? Epoch, string? Fault)> ReadEpochAsync(CancellationToken cancellationToken) => RunAsync<(string?, string?)>(
        () => _connection.Query<string>("select epoch from history").ToList() switch
        {
            [] => (null, "there is no epoch"),
            [var epoch] when !StreamPosition.TryParse(epoch + ".0", out _) => (epoch, "the epoch is not 1 to 16 of a-z and 0-9"),
            [var epoch] => (epoch, null),
            var many => (many[0], $"there are {many.Count} epochs; one store has one"),
        },
        cancellationToken);

    public Task<IReadOnlyList<string>> FindMissingIndexesAsync(CancellationToken cancellationToken) => RunAsync<IReadOnlyList<string>>(
        () =>
        {
            string[] columns = [.. _connection.Query<string>(
                "select (select group_concat(c.name, ', ') from (select i.name from pragma_index_info(l.name) i order by i.seqno) c) from pragma_index_list('events') l where l.\"unique\" = 1 and l.partial = 0")];
            string[] needed = ["user_id, sequence", "user_id, id"];
            _hasIdIndex = columns.Contains(needed[1], StringComparer.Ordinal);
            return [.. needed.Where(n => !columns.Contains(n, StringComparer.Ordinal)).Select(n => $"the unique index of events ({n})")];
        },
        cancellationToken);

    public Task<long> CountStreamsAsync(CancellationToken cancellationToken) =>
        RunAsync(() => _connection.ExecuteScalar<long>("select count(*) from streams"), cancellationToken);

    public Task<IReadOnlyList<StreamRow>> ReadStreamsAsync(string afterUser, int limit, CancellationToken cancellationToken) => RunAsync<IReadOnlyList<StreamRow>>(
        () => [.. _connection.Query<StreamRow>($"select {StreamColumns} where s.user_id > @afterUser order by s.user_id limit @limit", new { afterUser, limit })], cancellationToken);

    public Task<StreamRow?> ReadStreamAsync(string user, CancellationToken cancellationToken) =>
        RunAsync(() => _connection.QuerySingleOrDefault<StreamRow>($"select {StreamColumns} where s.user_id = @user", new { user }), cancellationToken);

    public Task<(string? LastUser, IReadOnlyList<string> Orphans)> FindOrphansAsync(string afterUser, int limit, CancellationToken cancellationToken) => RunAsync<(string?, IReadOnlyList<string>)>(
        () =>
        {
            var users = _connection.Query<(string User, bool HasStream)>(
                """
                with recursive u (user_id, n) as (
                    select (select min(e.user_id) from events e where e.user_id > @afterUser), 1
                    union all
                    select (select min(e.user_id) from events e where e.user_id > u.user_id), u.n + 1 from u where u.user_id is not null and u.n < @limit)
                select u.user_id, exists (select 1 from streams s where s.user_id = u.user_id) from u where u.user_id is not null order by u.n
                """,
                new { afterUser, limit }).ToList();
            return (users.Count < limit ? null : users[^1].User, [.. users.Where(u => !u.HasStream).Select(u => u.User)]);
        },
        cancellationToken);

    public Task<int> ReadEventsAsync(string user, long after, long upTo, int limit, Action<ScannedEvent> each, CancellationToken cancellationToken) => RunAsync(
        () =>
        {
            string places = _hasIdIndex
                ? "(select min(x.sequence) from events x where x.user_id = e.user_id and x.id = e.id), (select count(*) from events x where x.user_id = e.user_id and x.id = e.id)"
                : "e.sequence, 1";
            using var command = _connection.CreateCommand();
            command.CommandText =
                $"""
                select e.sequence, e.id, e.type, e.time, cast(e.data as blob), e.size, {places}
                from events e where e.user_id = $user and e.sequence > $after and e.sequence <= $upTo order by e.sequence limit $limit
                """;
            command.Parameters.AddWithValue("$user", user);
            command.Parameters.AddWithValue("$after", after);
            command.Parameters.AddWithValue("$upTo", upTo);
            command.Parameters.AddWithValue("$limit", limit);
            using var reader = command.ExecuteReader();
            int count = 0;
            for (; reader.Read(); count++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                each(new ScannedEvent(
                    reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetInt64(3), reader.GetFieldValue<byte[]>(4), reader.GetInt64(5),
                    reader.IsDBNull(6) ? null : reader.GetInt64(6), reader.GetInt64(7)));
            }

            return count;
        },
        cancellationToken);

    public Task<IReadOnlyList<(string Id, long First, long Last)>> FindRepeatedIdsAsync(string user, CancellationToken cancellationToken) => RunAsync<IReadOnlyList<(string, long, long)>>(
        () => _hasIdIndex
            ? []
            : [.. _connection.Query<(string, long, long)>(
                "select e.id, min(e.sequence), max(e.sequence) from events e where e.user_id = @user group by e.id having count(*) > 1 limit 100", new { user })],
        cancellationToken);

    public bool IsDamage(Exception fault) => fault is SqliteException { SqliteErrorCode: Corrupt or NotADatabase } || StoreVerifier.IsMisread(fault);

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private static Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken) => Task.Run(work, cancellationToken);
}
