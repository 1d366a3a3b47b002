using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using Realtime.Harness.Processes;

namespace Realtime.Harness;

/// <summary>
/// A private PostgreSQL on a free loopback port, with its data in a temporary folder, which no other process uses and
/// which ends with this one. Anyone may read its members; one caller at a time starts, stops, kills or pauses it.
/// Linux only.
/// </summary>
public sealed partial class PostgresServer : IAsyncDisposable
{
    /// <summary>The database that exists after the start.</summary>
    public const string DefaultDatabase = "realtime";

    const string Superuser = "postgres";
    const int PortAttempts = 5;
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly PostgresServerOptions _options;
    readonly string _binaries;
    readonly TempFolder _folder;
    readonly string? _account;
    ChildProcess? _postmaster;

    PostgresServer(PostgresServerOptions options, string binaries, TempFolder folder)
    {
        _options = options;
        _binaries = binaries;
        _folder = folder;
        // PostgreSQL refuses to run as root.
        _account = Environment.IsPrivilegedProcess ? AccountFor(File.ReadLines("/etc/passwd")) : null;
    }

    /// <summary>The port of 127.0.0.1; stays the same over restarts.</summary>
    public int Port { get; private set; }

    /// <summary>Npgsql connection string of the database <c>realtime</c>.</summary>
    public string ConnectionString => ConnectionStringOf(DefaultDatabase);

    /// <summary>Process id of the postmaster.</summary>
    /// <exception cref="HarnessException">It does not run.</exception>
    public int ProcessId => Running.Id;

    /// <summary>The newest lines of the server's log since its last start.</summary>
    public IReadOnlyList<string> Output => _postmaster?.Output.Snapshot() ?? [];

    ChildProcess Running => _postmaster is { HasExited: false } running ? running : throw new HarnessException("This PostgreSQL does not run now.");

    /// <summary>Makes a data folder, starts a server on it and creates the database <c>realtime</c>.</summary>
    /// <exception cref="HarnessException">PostgreSQL is not installed, or did not start; the message carries its output.</exception>
    public static async Task<PostgresServer> StartAsync(PostgresServerOptions? options = null, CancellationToken ct = default)
    {
        var binaries = PostgresBinaries.Find();
        var server = new PostgresServer(options ?? new(), binaries, TempFolder.Create("postgres"));
        try
        {
            await server.InitializeAsync(ct);
            for (var attempt = 1; !await server.TryLaunchAsync(server._options.Port ?? FreePort.Next(), ct); attempt++)
                if (attempt == PortAttempts || server._options.Port is not null)
                    throw server.Failure("found its port in use");
            await server.CreateRolesAsync(ct);
            await server.CreateDatabaseAsync(DefaultDatabase, ct);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates an empty database and returns its connection string. Safe to call concurrently.</summary>
    /// <param name="name">Lower-case letters, digits and underscores, at most 63.</param>
    public async Task<string> CreateDatabaseAsync(string name, CancellationToken ct = default)
    {
        if (!DatabaseName().IsMatch(name))
            throw new ArgumentException($"'{name}' is not a plain lower-case database name.", nameof(name));
        await using var connection = new NpgsqlConnection(ConnectionStringOf("postgres") + ";Pooling=false");
        await connection.OpenAsync(ct);
        await using var command = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await command.ExecuteNonQueryAsync(ct);
        return ConnectionStringOf(name);
    }

    /// <summary>Runs SQL through psql and returns its bare output: columns parted by <c>|</c>, one line a row.</summary>
    /// <exception cref="HarnessException">A statement failed.</exception>
    public Task<string> PsqlAsync(string sql, string database = DefaultDatabase, CancellationToken ct = default) =>
        RunAsync("psql", ct, sql,
            "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--no-password", "--set=ON_ERROR_STOP=1", "--file=-",
            "--host=127.0.0.1", $"--port={Port}", $"--username={Superuser}", $"--dbname={database}");

    /// <summary>Kills postmaster and backends at once, as a power cut would. No effect when it does not run.</summary>
    public async Task KillAsync()
    {
        if (_postmaster is not { HasExited: false } postmaster)
            return;
        // Stopped first, so that it starts no backend between the listing and its own end.
        postmaster.Send(Signal.Stop);
        var backends = ProcessTable.ChildrenOf(postmaster.Id);
        postmaster.Send(Signal.Kill);
        foreach (var backend in backends)
            Signals.Send(backend, Signal.Kill);
        await postmaster.WaitForExitAsync(Patience);
        // A backend that still holds the shared memory would make the next start refuse.
        await Wait.UntilAsync(() => !backends.Any(ProcessTable.IsRunning), Patience, () => "The backends of a killed PostgreSQL still run.", default);
    }

    /// <summary>Immediate shutdown: open transactions are lost, the next start recovers from the log.</summary>
    public Task StopImmediateAsync() => StopAsync(Signal.Quit);

    /// <summary>Starts the server again on the same port and data; one that still runs is shut down in good order first.</summary>
    public async Task RestartAsync(CancellationToken ct = default)
    {
        await StopAsync(Signal.Interrupt);
        if (!await TryLaunchAsync(Port, ct))
            throw Failure($"found its port {Port} taken by somebody else");
    }

    /// <summary>Stops the clock of all its processes: connections stay open and nothing answers.</summary>
    public async Task PauseAsync()
    {
        var postmaster = Running;
        postmaster.Send(Signal.Stop);
        await Wait.UntilAsync(() => ProcessTable.IsStopped(postmaster.Id), Patience, () => "PostgreSQL does not stop.", default);
        foreach (var backend in ProcessTable.ChildrenOf(postmaster.Id))
            Signals.Send(backend, Signal.Stop);
    }

    /// <summary>Ends a pause.</summary>
    public Task ResumeAsync()
    {
        foreach (var backend in ProcessTable.ChildrenOf(ProcessId))
            Signals.Send(backend, Signal.Continue);
        Running.Send(Signal.Continue);
        return Task.CompletedTask;
    }

    /// <summary>Ends the server and deletes its data.</summary>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        if (_postmaster is not null)
            await _postmaster.DisposeAsync();
        _folder.Dispose();
    }

    async Task InitializeAsync(CancellationToken ct)
    {
        await PrepareFolderAsync(ct);
        await RunAsync("initdb", ct, input: "",
            "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", $"--username={Superuser}", "--pgdata", DataFolder);
    }

    async Task PrepareFolderAsync(CancellationToken ct)
    {
        Directory.CreateDirectory(Path.Combine(_folder.Path, "socket"));
        if (_account is not null)
            await ChildProcess.RunAsync(new("/bin/chown", "-R", _account, _folder.Path) { WorkingDirectory = "/" }, Patience, ct);
    }

    /// <summary>False when the port was taken; every other failure throws.</summary>
    async Task<bool> TryLaunchAsync(int port, CancellationToken ct)
    {
        if (_postmaster is not null)
            await _postmaster.DisposeAsync();
        Port = port;
        _postmaster = await ChildProcess.StartAsync(new(Path.Combine(_binaries, "postgres"), Arguments(port))
        {
            WorkingDirectory = _folder.Path,
            Environment = CleanEnvironment(),
            Account = _account,
            OnParentDeath = Signal.Quit,
        });
        await Wait.UntilAsync(async () => _postmaster.HasExited || await AnswersAsync(ct), Patience, () => Failure("did not answer in time").Message, ct);
        if (!_postmaster.HasExited)
            return true;
        await _postmaster.WaitForExitAsync(Patience, ct);
        return _postmaster.Output.Contains("Address already in use") ? false : throw Failure("ended during its start");
    }

    IReadOnlyList<string> Arguments(int port)
    {
        var settings = new Dictionary<string, string>
        {
            ["port"] = port.ToString(CultureInfo.InvariantCulture),
            ["listen_addresses"] = "127.0.0.1",
            ["unix_socket_directories"] = Path.Combine(_folder.Path, "socket"),
            ["max_connections"] = _options.MaxConnections.ToString(CultureInfo.InvariantCulture),
            ["fsync"] = _options.Fsync ? "on" : "off",
            // Files in the data folder, where a kill leaves nothing behind and a container's small /dev/shm does not matter.
            ["dynamic_shared_memory_type"] = "mmap",
        };
        foreach (var (name, value) in _options.Settings)
            settings[name] = value;
        return ["-D", DataFolder, .. settings.SelectMany(setting => (string[])["-c", $"{setting.Key}={setting.Value}"])];
    }

    async Task<bool> AnswersAsync(CancellationToken ct)
    {
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionStringOf("postgres") + ";Pooling=false;Timeout=5");
            await connection.OpenAsync(ct);
            // Somebody else's server may answer on this port while ours is failing to bind it.
            await using var command = new NpgsqlCommand("SHOW data_directory", connection);
            return (string?)await command.ExecuteScalarAsync(ct) == DataFolder;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    async Task StopAsync(Signal signal)
    {
        if (_postmaster is not { HasExited: false } postmaster)
            return;
        postmaster.Send(signal);
        await postmaster.WaitForExitAsync(Patience);
    }

    Task<string> RunAsync(string program, CancellationToken ct, string input, params string[] arguments) =>
        ChildProcess.RunAsync(new(Path.Combine(_binaries, program), arguments)
        {
            WorkingDirectory = _folder.Path,
            Environment = CleanEnvironment(),
            Account = _account,
            Input = input,
        }, Patience, ct);

    string ConnectionStringOf(string database) =>
        $"Host=127.0.0.1;Port={Port};Database={database};Username={Superuser};SSL Mode=Disable;GSS Encryption Mode=Disable";

    HarnessException Failure(string what) => new($"PostgreSQL {what}. Its last lines:\n{_postmaster?.Output.Last(30)}");

    /// <summary>Without the developer's own PGHOST, PGDATA and the like.</summary>
    static Dictionary<string, string?> CleanEnvironment() =>
        Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .Where(name => name.StartsWith("PG", StringComparison.Ordinal))
            .ToDictionary(name => name, _ => (string?)null);

    static string AccountFor(IEnumerable<string> passwd) =>
        passwd.Any(line => line.StartsWith("postgres:", StringComparison.Ordinal)) ? "postgres" : "nobody";

    [GeneratedRegex("^[a-z_][a-z0-9_]{0,62}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex DatabaseName();
}
