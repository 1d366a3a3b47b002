using System.Globalization;
using System.Net;
using Realtime.Benchmarks.Systems;
using Realtime.Harness;

namespace Realtime.Benchmarks.Load;

/// <summary>
/// Connections that only stay open, each of a user of its own, in further processes: one process may not open enough sockets.
/// <c>hold PORTS FIRST COUNT ASKS-HEAD</c> is such a process; it signs its users' tokens with the key that it reads from its input.
/// </summary>
internal sealed class IdleCrowd : IAsyncDisposable
{
    public const string Command = "hold";
    private const string Ready = "holding";
    private const int PerProcess = 5_000;
    private const int AtOnce = 32;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private readonly List<ProgramRun> _holders = [];
    private int _count;

    public IReadOnlyList<int> ProcessIds => [.. _holders.Select(h => h.ProcessId)];

    /// <summary>Adds idle users until there are so many.</summary>
    public async Task GrowToAsync(SystemUnderTest system, int count)
    {
        while (_count < count)
        {
            int more = Math.Min(PerProcess, count - _count);
            string ports = string.Join(',', system.EndPoints.Select(e => e.Port));
            var holder = await ProgramRun.StartProjectAsync(
                "benchmarks", "Realtime.Benchmarks.dll",
                [Command, ports, _count.ToString(CultureInfo.InvariantCulture), more.ToString(CultureInfo.InvariantCulture), system.Kind.Name()],
                system.Stage.Authority.Signer.Export());
            _holders.Add(holder);
            _count += more;
            using var limit = new CancellationTokenSource(Patience);
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
            while (!holder.Output.Contains(Ready, StringComparer.Ordinal))
            {
                if (holder.HasExited) throw new HarnessException($"The idle connections failed:\n{string.Join('\n', holder.Output)}");
                await timer.WaitForNextTickAsync(limit.Token);
            }
        }
    }

    /// <summary>The process of such connections: runs until it is killed.</summary>
    public static async Task HoldAsync(IReadOnlyList<string> arguments)
    {
        var nodes = arguments[0].Split(',').Select(port => new IPEndPoint(IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture))).ToList();
        int first = int.Parse(arguments[1], CultureInfo.InvariantCulture);
        int count = int.Parse(arguments[2], CultureInfo.InvariantCulture);
        var kind = SystemKinds.Parse(arguments[3]);
        using var signer = TokenSigner.Import(await Console.In.ReadToEndAsync());
        var sockets = new HubSocket[count];
        _ = Pinger.RunAsync(count, i => sockets[i]?.Ping(), CancellationToken.None);
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, _) =>
        {
            string user = $"idle_{first + i}";
            string? token = kind.ChecksTokens() ? signer.Sign(user) : null;
            sockets[i] = await HubSocket.ConnectAsync(nodes[(first + i) % nodes.Count], user, token, new Receiver(kind == SystemKind.Ours), i);
        });
        Console.WriteLine(Ready);
        await Task.Delay(Timeout.Infinite);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var holder in _holders) await holder.DisposeAsync();
    }

    private sealed class Receiver(bool asksHead) : IHubReceiver
    {
        public bool OnRecord(HubSocket socket, ReadOnlySpan<byte> record)
        {
            if (record.Length > 2) return record.StartsWith("{\"type\":3"u8);
            if (asksHead) socket.AskHead();
            return !asksHead;
        }
    }
}
