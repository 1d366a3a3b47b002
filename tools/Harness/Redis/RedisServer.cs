using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Realtime.Harness.Processes;

namespace Realtime.Harness;

/// <summary>
/// A private Redis on a free loopback port that stores nothing on disk, so a restart is also a flush. It ends with
/// this process. One caller at a time starts, stops or kills it. Linux only.
/// </summary>
public sealed class RedisServer : IAsyncDisposable
{
    const int PortAttempts = 5;
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    readonly TempFolder _folder;
    readonly IReadOnlyList<string> _extraArguments;
    readonly string _program;
    ChildProcess? _process;

    RedisServer(string program, TempFolder folder, IReadOnlyList<string> extraArguments)
    {
        _program = program;
        _folder = folder;
        _extraArguments = extraArguments;
    }

    /// <summary>The port of 127.0.0.1; stays the same over restarts.</summary>
    public int Port { get; private set; }

    /// <summary><c>127.0.0.1:PORT</c>, as StackExchange.Redis reads it.</summary>
    public string ConnectionString => $"127.0.0.1:{Port}";

    /// <summary>Process id of the server.</summary>
    /// <exception cref="HarnessException">It does not run.</exception>
    public int ProcessId => _process is { HasExited: false } running ? running.Id : throw new HarnessException("This Redis does not run now.");

    /// <summary>The newest lines of the server's log since its last start.</summary>
    public IReadOnlyList<string> Output => _process?.Output.Snapshot() ?? [];

    /// <param name="port">A fixed port; by default a free one.</param>
    /// <param name="extraArguments">Further redis-server options, for example <c>--requirepass secret</c>.</param>
    /// <exception cref="HarnessException">Redis is not installed, or did not start; the message carries its output.</exception>
    public static async Task<RedisServer> StartAsync(int? port = null, IReadOnlyList<string>? extraArguments = null, CancellationToken ct = default)
    {
        var server = new RedisServer(Find("redis-server"), TempFolder.Create("redis"), extraArguments ?? []);
        try
        {
            for (var attempt = 1; !await server.TryLaunchAsync(port ?? FreePort.Next(), ct); attempt++)
                if (attempt == PortAttempts || port is not null)
                    throw server.Failure("found its port in use");
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Kills it at once. No effect when it does not run.</summary>
    public async Task KillAsync()
    {
        if (_process is not { HasExited: false } process)
            return;
        process.Send(Signal.Kill);
        await process.WaitForExitAsync(Patience);
    }

    /// <summary>Starts it again, empty, on the same port; one that still runs is killed first.</summary>
    public async Task RestartAsync(CancellationToken ct = default)
    {
        await KillAsync();
        if (!await TryLaunchAsync(Port, ct))
            throw Failure($"found its port {Port} taken by somebody else");
    }

    /// <summary>Lets clients wait: connections stay open and commands are answered only after this time.</summary>
    public Task PauseAsync(TimeSpan duration, CancellationToken ct = default) =>
        CliAsync(["CLIENT", "PAUSE", ((long)duration.TotalMilliseconds).ToString(CultureInfo.InvariantCulture), "ALL"], ct);

    /// <summary>SIGSTOP: connections stay open and nothing answers until <see cref="Thaw"/>, or its end.</summary>
    public void Freeze() => Signals.Send(ProcessId, Signal.Stop);

    /// <summary>Ends <see cref="Freeze"/>.</summary>
    public void Thaw() => Signals.Send(ProcessId, Signal.Continue);

    /// <summary>Runs one command through redis-cli and returns its bare output, one line a value.</summary>
    /// <exception cref="HarnessException">Redis refused it or does not answer.</exception>
    public Task<string> CliAsync(params string[] command) => CliAsync(command, CancellationToken.None);

    /// <inheritdoc cref="CliAsync(string[])"/>
    public Task<string> CliAsync(IReadOnlyList<string> command, CancellationToken ct) =>
        ChildProcess.RunAsync(
            new(Find("redis-cli"), ["-h", "127.0.0.1", "-p", Port.ToString(CultureInfo.InvariantCulture), "-e", "--raw", .. command]) { WorkingDirectory = _folder.Path },
            Patience, ct);

    /// <summary>Ends the server.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>False when the port was taken; every other failure throws.</summary>
    async Task<bool> TryLaunchAsync(int port, CancellationToken ct)
    {
        if (_process is not null)
            await _process.DisposeAsync();
        Port = port;
        // Redis would share a port with a server of another user that allows it; ask the kernel first.
        if (!FreePort.CanBind(port))
            return false;
        _process = await ChildProcess.StartAsync(new(_program,
            ["--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", _folder.Path, .. _extraArguments])
        {
            WorkingDirectory = _folder.Path,
        });
        await Wait.UntilAsync(
            async () => _process.HasExited || (_process.Output.Contains("Ready to accept connections") && await AnswersAsync(ct)),
            Patience, () => Failure("did not answer in time").Message, ct);
        if (!_process.HasExited)
            return true;
        await _process.WaitForExitAsync(Patience, ct);
        return _process.Output.Contains("Address already in use") ? false : throw Failure("ended during its start");
    }

    /// <summary>Any line will do, also the complaint that a password is missing; only "loading" will not.</summary>
    async Task<bool> AnswersAsync(CancellationToken ct)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", Port, ct);
            await using var stream = client.GetStream();
            await stream.WriteAsync("PING\r\n"u8.ToArray(), ct);
            var buffer = new byte[64];
            var count = await stream.ReadAsync(buffer, ct);
            return count > 0 && !Encoding.ASCII.GetString(buffer, 0, count).StartsWith("-LOADING", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return false;
        }
    }

    HarnessException Failure(string what) => new($"Redis {what}. Its last lines:\n{_process?.Output.Last(30)}");

    static string Find(string program) =>
        Executables.FindOnPath(program)
        ?? throw new HarnessException($"{program} is not installed. Install it with: apt-get install -y redis-server");
}
