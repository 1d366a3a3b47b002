using System.Data.Common;
using System.Diagnostics;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Realtime.Server.EventStore.Schema;

namespace Realtime.Server.EventStore;

/// <summary>
/// The connections to PostgreSQL and the translation of their failures. Connections that an outage has broken leave the
/// pool by themselves, so nothing has to be restarted when the database is back, also when it is back on another of the hosts
/// that the connection string names: always the primary. A new connection is used only when <see cref="PostgresIdentity"/>
/// vouches for the history behind it. Thread-safe.
/// </summary>
internal sealed class PostgresDatabase : IAsyncDisposable, IDisposable
{
    /// <summary>How long a statement may take unless the connection string says otherwise: an append takes milliseconds, and its publisher gives up after seconds.</summary>
    public static readonly TimeSpan DefaultCommandTimeout = TimeSpan.FromSeconds(5);

    private const int ConnectSeconds = 5;
    private const int PreparedStatements = 50;

    /// <summary>How long it is remembered which host is the primary or down: what a failover costs at most, besides the failover.</summary>
    private const int HostRecheckSeconds = 2;
    private const int ApartKeepAliveSeconds = 10;

    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlDataSource _hosts;
    private readonly NpgsqlConnectionStringBuilder _settings;
    private readonly string _listenerSettings;
    private readonly PostgresIdentity _identity;
    private readonly ILogger _logger;

    public PostgresDatabase(string connectionString, TimeSpan? commandTimeout = null, bool isFailoverLossless = false, ILogger? logger = null)
    {
        _logger = logger ?? NullLogger.Instance;
        _identity = new PostgresIdentity(isFailoverLossless, _logger);
        var given = new DbConnectionStringBuilder { ConnectionString = connectionString };
        var builder = new NpgsqlDataSourceBuilder(connectionString);
        var settings = builder.ConnectionStringBuilder;
        if (commandTimeout is { } timeout) settings.CommandTimeout = (int)Math.Ceiling(timeout.TotalSeconds);
        else if (!Has("Command Timeout", "CommandTimeout")) settings.CommandTimeout = (int)DefaultCommandTimeout.TotalSeconds;
        if (!Has("Timeout")) settings.Timeout = ConnectSeconds;

        // Parsing and planning cost more than a small append itself.
        if (!Has("Max Auto Prepare", "MaxAutoPrepare")) settings.MaxAutoPrepare = PreparedStatements;
        if (!Has("Auto Prepare Min Usages", "AutoPrepareMinUsages")) settings.AutoPrepareMinUsages = 2;
        // Nothing here leaves anything behind in a session, and seven statements that wipe it cost as much as a small append.
        if (!Has("No Reset On Close", "NoResetOnClose")) settings.NoResetOnClose = true;
        if (!Has("Application Name", "ApplicationName")) settings.ApplicationName = ReleaseName.Session;
        // A commit that waits for the synchronous standby and is cancelled succeeds without it. So nothing is taken for an answer
        // that comes after a request to cancel: the connection is dropped at once.
        settings.CancellationTimeout = -1;
        if (!Has("Host Recheck Seconds", "HostRecheckSeconds")) settings.HostRecheckSeconds = HostRecheckSeconds;
        settings.Remove("Target Session Attributes"); // the builder takes it apart from the string, and there is only one answer
        CommandTimeout = TimeSpan.FromSeconds(settings.CommandTimeout);
        _settings = new NpgsqlConnectionStringBuilder(settings.ConnectionString);
        _listenerSettings = ApartSettings("listener").ConnectionString;
        builder.Name = "realtime"; // of its metrics; by default they carry the connection string
        builder.ConfigureTracing(tracing => tracing // only what belongs to somebody's trace: the head check alone asks every second
            .ConfigureCommandFilter(static _ => Activity.Current is { Recorded: true })
            .ConfigureBatchFilter(static _ => Activity.Current is { Recorded: true }));
        builder.UsePhysicalConnectionInitializer(
            static _ => throw new NotSupportedException("Connections are opened asynchronously."), PrepareAsync);
        (_hosts, _source) = settings.Host?.Contains(',', StringComparison.Ordinal) == true
            ? Primary(builder.BuildMultiHost())
            : (builder.Build(), null!);
        _source ??= _hosts;

        static (NpgsqlDataSource, NpgsqlDataSource) Primary(NpgsqlMultiHostDataSource hosts) =>
            (hosts, hosts.WithTargetSession(TargetSessionAttributes.Primary));

        bool Has(params ReadOnlySpan<string> names)
        {
            foreach (string name in names)
            {
                if (given.ContainsKey(name)) return true;
            }

            return false;
        }
    }

    private async Task PrepareAsync(NpgsqlConnection connection)
    {
        // Each statement has one good plan, by index, whatever it is asked for. Left to itself PostgreSQL plans a page anew each time,
        // because a small limit looks cheaper than an unknown one; that costs as much as reading it, and more in a large store.
        await connection.ExecuteAsync("set plan_cache_mode = force_generic_plan");
        await _identity.CheckAsync(connection);
    }

    /// <summary>How long a statement may take.</summary>
    public TimeSpan CommandTimeout { get; }

    /// <summary>How far this node has seen the history; what statements read and commit is noted here.</summary>
    public SeenHistory Seen => _identity.Seen;

    /// <summary>Why what the server acknowledges may be lost, or <see langword="null"/>.</summary>
    public string? Weakness => _identity.Weakness;

    /// <summary>Upgrades the schema, where the role may and it is needed, and makes sure that the role can work with it.</summary>
    /// <exception cref="DatabaseRightsException">It cannot; that is not a matter of time.</exception>
    public async Task InitializeAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync("prepare the schema", PrepareAsync, cancellationToken);
        }
        catch (StoreUnavailableException fault) when (fault.InnerException is PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } denied)
        {
            throw new DatabaseRightsException(_settings.Username ?? string.Empty, denied.MessageText, fault);
        }

        async Task<bool> PrepareAsync(NpgsqlConnection connection)
        {
            await MigrationRunner.RunAsync(connection, SchemaDialect.Postgres, SchemaScript.LoadAll(SchemaDialect.Postgres.Folder), cancellationToken);
            await _identity.CheckAsync(connection); // when it was opened there may have been no history to check
            await PostgresRights.CheckAsync(connection, _logger, cancellationToken);
            return true;
        }
    }

    /// <summary>
    /// Runs work on a connection. Outages become <see cref="StoreUnavailableException"/>; other faults pass.
    /// The token ends the wait at once: a frozen server would answer a request to cancel late or never.
    /// </summary>
    public Task<T> RunAsync<T>(string attempt, Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken) => GuardAsync(
        attempt,
        async () =>
        {
            await using var connection = await _source.OpenConnectionAsync(cancellationToken);
            return await WorkAsync(attempt, connection, work);
        },
        cancellationToken);

    /// <summary>The same on a connection that the caller keeps; after any fault it is to be disposed.</summary>
    public Task<T> RunOnAsync<T>(string attempt, NpgsqlConnection connection, Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken) =>
        GuardAsync(attempt, () => WorkAsync(attempt, connection, work), cancellationToken);

    /// <summary>Opens a connection apart from the pool, for one purpose; the history behind it is vouched for.</summary>
    public Task<NpgsqlConnection> OpenApartAsync(string purpose, CancellationToken cancellationToken) => GuardAsync(
        "connect",
        async () =>
        {
            var connection = new NpgsqlConnection(ApartSettings(purpose).ConnectionString);
            try
            {
                await connection.OpenAsync(cancellationToken);
                await _identity.CheckAsync(connection);
                return connection;
            }
            catch
            {
                await connection.DisposeAsync();
                throw;
            }
        },
        cancellationToken);

    private static Task<T> GuardAsync<T>(string attempt, Func<Task<T>> work, CancellationToken cancellationToken)
    {
        var run = Run();

        // Once the wait has ended nobody looks at a later fault, and nothing is to call it unobserved.
        if (cancellationToken.CanBeCanceled)
            _ = run.ContinueWith(static r => _ = r.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return run.WaitAsync(cancellationToken);

        async Task<T> Run()
        {
            try
            {
                return await work();
            }
            catch (Exception fault) when (PostgresFaults.IsOutage(fault) && !PostgresFaults.IsRefusal(fault) && !PostgresFaults.IsConflict(fault))
            {
                throw new StoreUnavailableException($"Could not {attempt}: {fault.Message}", fault);
            }
        }
    }

    private async Task<T> WorkAsync<T>(string attempt, NpgsqlConnection connection, Func<NpgsqlConnection, Task<T>> work)
    {
        try
        {
            return await work(connection);
        }
        catch (PostgresException fault) when (fault.SqlState == PostgresFaults.HistoryRestored)
        {
            await _identity.CheckAsync(connection); // restored while the connection stayed open
            throw new StoreUnavailableException($"Could not {attempt}: the database was restored just now.", fault);
        }
    }

    /// <summary>
    /// A connection of its own, not yet open, to wait on for notifications. It looks after itself while nothing comes: one that
    /// was cut without a word is noticed.
    /// </summary>
    public NpgsqlConnection CreateListener() => new(_listenerSettings);

    public ValueTask DisposeAsync() => _hosts.DisposeAsync();

    public void Dispose() => _hosts.Dispose();

    /// <summary>Such a connection waits for long: it looks after itself while nothing comes.</summary>
    private NpgsqlConnectionStringBuilder ApartSettings(string purpose)
    {
        var apart = new NpgsqlConnectionStringBuilder(_settings.ConnectionString) { Pooling = false };
        apart.ApplicationName += " " + purpose;
        if (apart.KeepAlive == 0) apart.KeepAlive = ApartKeepAliveSeconds;
        if (apart.Host?.Contains(',', StringComparison.Ordinal) == true) apart.TargetSessionAttributes = "primary";
        return apart;
    }
}
