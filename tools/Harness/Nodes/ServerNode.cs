using System.Globalization;
using Realtime.Harness.Processes;

namespace Realtime.Harness;

/// <summary>
/// One server node in its own process, with its own content root and data in a temporary folder. It ends with this
/// process. Anyone may read its members; one caller at a time starts, stops or kills it. Linux only.
/// </summary>
public sealed class ServerNode : IAsyncDisposable
{
    const int PortAttempts = 5;

    /// <summary>Longer than any drain window that is asked for here, plus the host's own shutdown.</summary>
    static readonly TimeSpan ExitPatience = TimeSpan.FromSeconds(60);

    /// <summary>A developer's own settings must not reach the node.</summary>
    static readonly string[] ForeignSettings =
        ["ASPNETCORE_", "DOTNET_ENVIRONMENT", "DOTNET_URLS", "URLS", "HTTP_PORTS", "HTTPS_PORTS", "ConnectionStrings__", "Realtime__", "Storage__", "Authentication__", "Logging__", "Kestrel__"];

    readonly ServerNodeOptions _options;
    readonly TempFolder _folder;
    readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(15) };
    string _assembly;
    ChildProcess? _process;

    ServerNode(ServerNodeOptions options, string assembly, TempFolder folder)
    {
        _options = options;
        _assembly = assembly;
        _folder = folder;
    }

    /// <summary>The port of 127.0.0.1; stays the same over restarts.</summary>
    public int Port { get; private set; }

    /// <summary><c>http://127.0.0.1:PORT/</c>.</summary>
    public Uri Address => new($"http://127.0.0.1:{Port}/");

    /// <summary>Content root of the node; its embedded store lies in <c>data</c> below.</summary>
    public string ContentRoot => _folder.Path;

    /// <summary>Process id of the node.</summary>
    /// <exception cref="HarnessException">It does not run.</exception>
    public int ProcessId => Running.Id;

    /// <summary>Whether the process runs now.</summary>
    public bool IsRunning => _process is { HasExited: false };

    /// <summary>The newest lines of standard output and error since the last start.</summary>
    public IReadOnlyList<string> Output => _process?.Output.Snapshot() ?? [];

    ChildProcess Running => _process is { HasExited: false } running ? running : throw new HarnessException("This server node does not run now.");

    /// <summary>Starts a node and waits until <see cref="ServerNodeOptions.ReadyPath"/> answers 200.</summary>
    /// <exception cref="HarnessException">It is not built, ended, or was not ready in time; the message carries its last lines.</exception>
    public static async Task<ServerNode> StartAsync(ServerNodeOptions? options = null, CancellationToken ct = default)
    {
        options ??= new();
        var assembly = options.AssemblyPath ?? RepositoryPaths.BuiltAssembly("Realtime.Server", "Realtime.Server.dll");
        if (!File.Exists(assembly))
            throw new HarnessException($"{assembly} does not exist. Build it with: dotnet build -c {RepositoryPaths.Configuration}");
        var node = new ServerNode(options, assembly, TempFolder.Create("node"));
        try
        {
            // A published server has its settings file in the content root; so has this one.
            foreach (var settings in Directory.EnumerateFiles(Path.GetDirectoryName(assembly)!, "appsettings*.json"))
                File.Copy(settings, Path.Combine(node._folder.Path, Path.GetFileName(settings)));
            for (var attempt = 1; !await node.TryLaunchAsync(options.Port ?? FreePort.Next(), ct); attempt++)
                if (attempt == PortAttempts || options.Port is not null)
                    throw node.Failure("found its port in use");
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>SIGKILL; returns when the process is gone. No effect when it does not run.</summary>
    public async Task KillAsync()
    {
        if (_process is not { HasExited: false } process)
            return;
        process.Send(Signal.Kill);
        await process.WaitForExitAsync(ExitPatience);
    }

    /// <summary>SIGTERM, as a deploy sends it; returns the exit code.</summary>
    /// <exception cref="HarnessException">It does not run, or did not end within a minute.</exception>
    public Task<int> TerminateAsync(CancellationToken ct = default)
    {
        var process = Running;
        process.Send(Signal.Terminate);
        return process.WaitForExitAsync(ExitPatience, ct);
    }

    /// <summary>Starts it again on the same port with the same data; one that still runs is killed first.</summary>
    public async Task RestartAsync(CancellationToken ct = default)
    {
        await KillAsync();
        if (!await TryLaunchAsync(Port, ct))
            throw Failure($"found its port {Port} taken by somebody else");
    }

    /// <summary>The same with another build of the server, as a deploy does; port, settings and data stay.</summary>
    /// <param name="assemblyPath">Full path of the other <c>Realtime.Server.dll</c>.</param>
    public Task RestartAsync(string assemblyPath, CancellationToken ct = default)
    {
        _assembly = assemblyPath;
        return RestartAsync(ct);
    }

    /// <summary>SIGSTOP: connections stay open and nothing answers.</summary>
    public void Pause() => Running.Send(Signal.Stop);

    /// <summary>Ends <see cref="Pause"/>.</summary>
    public void Resume() => Running.Send(Signal.Continue);

    /// <summary>Kills the node and deletes its data.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        _http.Dispose();
        _folder.Dispose();
    }

    /// <summary>False when the port was taken; every other failure throws.</summary>
    async Task<bool> TryLaunchAsync(int port, CancellationToken ct)
    {
        if (_process is not null)
            await _process.DisposeAsync();
        Port = port;
        if (!FreePort.CanBind(port))
            return false;
        _process = await ChildProcess.StartAsync(new(DotnetHost(), _assembly, "--urls", $"http://127.0.0.1:{port}")
        {
            WorkingDirectory = _folder.Path,
            Environment = EnvironmentOfNode(),
            OutputCapacity = _options.OutputCapacity,
        });
        await Wait.UntilAsync(async () => _process.HasExited || await IsReadyAsync(ct), _options.StartDeadline,
            () => Failure($"did not answer 200 on {_options.ReadyPath} within {_options.StartDeadline}").Message, ct);
        if (!_process.HasExited)
            return true;
        var exitCode = await _process.WaitForExitAsync(ExitPatience, ct);
        return _process.Output.Contains("address already in use")
            ? false
            : throw Failure(string.Create(CultureInfo.InvariantCulture, $"ended during its start with exit code {exitCode}"));
    }

    async Task<bool> IsReadyAsync(CancellationToken ct)
    {
        try
        {
            using var response = await _http.GetAsync(new Uri(Address, _options.ReadyPath), ct);
            return (int)response.StatusCode == 200;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // One slow answer is not a failed start; the deadline is.
            return false;
        }
    }

    Dictionary<string, string?> EnvironmentOfNode()
    {
        var environment = Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .Where(name => ForeignSettings.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
            .ToDictionary(name => name, _ => (string?)null);
        environment["ASPNETCORE_ENVIRONMENT"] = _options.EnvironmentName;
        environment["ASPNETCORE_CONTENTROOT"] = _folder.Path;
        var webRoot = Path.Combine(RepositoryPaths.Root, "Realtime.Server", "wwwroot");
        if (Directory.Exists(webRoot))
            environment["ASPNETCORE_WEBROOT"] = webRoot;
        environment["Realtime__DrainWindow"] = "00:00:00";
        foreach (var (key, value) in _options.Settings)
            environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        return environment;
    }

    HarnessException Failure(string what) => new($"The server node {what}. Its last lines:\n{_process?.Output.Last(40)}");

    /// <summary>The dotnet that runs this process, which is the one that was used to build.</summary>
    static string DotnetHost() =>
        Environment.ProcessPath is { } self && Path.GetFileName(self) == "dotnet" ? self
        : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host ? host
        : Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root && File.Exists(Path.Combine(root, "dotnet")) ? Path.Combine(root, "dotnet")
        : Executables.FindOnPath("dotnet") ?? throw new HarnessException("There is no dotnet on the PATH.");
}
