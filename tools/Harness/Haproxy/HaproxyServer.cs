using System.Globalization;
using System.Net.Sockets;
using Realtime.Harness.Processes;

namespace Realtime.Harness;

/// <summary>
/// A haproxy of its own on a free loopback port, with a configuration of this working copy that takes its addresses from the
/// environment. It ends with this process. Linux only.
/// </summary>
public sealed class HaproxyServer : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    readonly ChildProcess _process;

    HaproxyServer(ChildProcess process, int port)
    {
        _process = process;
        Port = port;
    }

    /// <summary>The port of 127.0.0.1 that it listens on.</summary>
    public int Port { get; }

    /// <summary><c>http://127.0.0.1:PORT/</c>.</summary>
    public Uri Address => new($"http://127.0.0.1:{Port}/");

    /// <summary>The newest lines of its log.</summary>
    public IReadOnlyList<string> Output => _process.Output.Snapshot();

    /// <summary>Checks a configuration without running it.</summary>
    /// <param name="configuration">Path of the file.</param>
    /// <param name="variables">What the configuration takes from the environment, <c>BIND</c> included.</param>
    /// <returns>What haproxy says.</returns>
    /// <exception cref="HarnessException">It is not installed, or refuses the file; the message carries why.</exception>
    public static Task<string> CheckAsync(string configuration, IReadOnlyDictionary<string, string> variables, CancellationToken ct = default) =>
        ChildProcess.RunAsync(Start(["-c", "-f", configuration], variables), Patience, ct);

    /// <summary>Starts it and waits until it takes connections.</summary>
    /// <param name="configuration">Path of the file; its <c>BIND</c> is set here.</param>
    /// <param name="variables">What else it takes from the environment.</param>
    /// <exception cref="HarnessException">It is not installed, or ended; the message carries its last lines.</exception>
    public static async Task<HaproxyServer> StartAsync(string configuration, IReadOnlyDictionary<string, string> variables, CancellationToken ct = default)
    {
        int port = FreePort.Next();
        var all = new Dictionary<string, string>(variables) { ["BIND"] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}") };
        var process = await ChildProcess.StartAsync(Start(["-db", "-f", configuration], all));
        var server = new HaproxyServer(process, port);
        try
        {
            await Wait.UntilAsync(() => server.AnswersAsync(ct), Patience, () => $"haproxy did not listen in time. Its last lines:\n{process.Output.Last(20)}", ct);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Kills it.</summary>
    public ValueTask DisposeAsync() => _process.DisposeAsync();

    async Task<bool> AnswersAsync(CancellationToken ct)
    {
        if (_process.HasExited)
            throw new HarnessException($"haproxy ended during its start. Its last lines:\n{_process.Output.Last(20)}");
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", Port, ct);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    static ChildProcessStart Start(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> variables) => new(
        Executables.FindOnPath("haproxy") ?? throw new HarnessException("haproxy is not installed. Install it with: apt-get install -y haproxy"), arguments)
    {
        WorkingDirectory = RepositoryPaths.Root,
        OutputCapacity = 100_000, // a line for each request
        Environment = variables.ToDictionary(v => v.Key, v => (string?)v.Value),
    };
}
