using Microsoft.Data.Sqlite;
using Realtime.Server.EventStore.Schema;

namespace Realtime.Server.EventStore;

/// <summary>
/// The embedded database file: one writer behind an async lock, any number of readers beside it (write-ahead log), every
/// commit on disk before it is acknowledged. SQLite works synchronously, so all work runs on background threads and no
/// caller blocks. After a failure the writer is opened anew, so nothing has to be restarted when disk or file come back.
/// Times come from <paramref name="clock"/>, read under the write lock.
/// </summary>
internal sealed class SqliteDatabase(string path, TimeProvider clock) : IDisposable
{
    /// <summary>How long to wait for another process that writes to the same file.</summary>
    private const int BusySeconds = 5;

    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly string _connectionString = new SqliteConnectionStringBuilder
    {
        DataSource = path,
        Mode = SqliteOpenMode.ReadWriteCreate,
        Cache = SqliteCacheMode.Private,
        Pooling = true,
        DefaultTimeout = BusySeconds,
    }.ToString();

    private SqliteConnection? _writer;

    /// <summary>The file.</summary>
    public string Path => path;

    /// <summary>Whether there is a file; opening makes one.</summary>
    public bool Exists => File.Exists(path);

    /// <summary>The store's clock.</summary>
    public long NowMicros => StoreTime.ToMicros(clock.GetUtcNow());

    /// <summary>Creates the folder and the file when missing, and upgrades the schema.</summary>
    public Task InitializeAsync(CancellationToken cancellationToken) => LockedAsync(
        "open the store",
        async () =>
        {
            if (System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
            await MigrationRunner.RunAsync(Writer_NeedsLock(), SchemaDialect.Sqlite, SchemaScript.LoadAll(SchemaDialect.Sqlite.Folder), CancellationToken.None);
            return true;
        },
        cancellationToken);

    /// <summary>Runs work in a transaction of the only writer and commits it; when the work throws, nothing is stored.</summary>
    public Task<T> WriteAsync<T>(string attempt, Func<SqliteConnection, SqliteTransaction, T> work, CancellationToken cancellationToken) => LockedAsync(
        attempt,
        () =>
        {
            var writer = Writer_NeedsLock();
            using var transaction = writer.BeginTransaction();
            var result = work(writer, transaction);
            transaction.Commit();
            return Task.FromResult(result);
        },
        cancellationToken);

    /// <summary>Runs queries on one snapshot.</summary>
    public Task<T> ReadAsync<T>(string attempt, Func<SqliteConnection, SqliteTransaction, T> work, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            try
            {
                using var reader = Open();
                using var transaction = reader.BeginTransaction(deferred: true);
                return work(reader, transaction);
            }
            catch (SqliteException fault)
            {
                throw Unavailable(attempt, fault);
            }
        },
        cancellationToken);

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        _writer?.Dispose();
        using (var any = new SqliteConnection(_connectionString)) SqliteConnection.ClearPool(any);
        _writing.Dispose();
    }

    private async Task<T> LockedAsync<T>(string attempt, Func<Task<T>> work, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);

        // What has begun runs to its end even when the caller no longer waits: the lock is given back there.
        return await Task.Run(Run, CancellationToken.None).WaitAsync(cancellationToken);

        async Task<T> Run()
        {
            try
            {
                return await work();
            }
            catch (Exception fault) when (fault is SqliteException or IOException or UnauthorizedAccessException)
            {
                _writer?.Dispose();
                _writer = null;
                throw Unavailable(attempt, fault);
            }
            finally
            {
                _writing.Release();
            }
        }
    }

    private SqliteConnection Writer_NeedsLock() => _writer ??= Open();

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(_connectionString);
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();

            // FULL: a commit is on disk, not only in the log's cache, before anybody is told of it.
            command.CommandText = "pragma journal_mode = wal; pragma synchronous = full;";
            command.ExecuteNonQuery();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private StoreUnavailableException Unavailable(string attempt, Exception fault) =>
        new($"Could not {attempt} ({path}): {fault.Message}", fault);
}
