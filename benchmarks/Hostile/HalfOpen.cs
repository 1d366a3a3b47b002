using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Scenarios;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Hostile;

/// <summary>Connections that begin a handshake and never end it.</summary>
internal static class HalfOpen
{
    private const int Connections = 10_000;
    private const int AtOnce = 64;
    private static readonly TimeSpan Held = TimeSpan.FromSeconds(25);

    public static async Task<string> RunAsync(SystemUnderTest system, Scale scale)
    {
        int count = scale.Of(Connections);
        var half = Encoding.ASCII.GetBytes("GET /api/v1/ws/agents/user_1 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n");
        var sockets = new ConcurrentBag<Socket>();
        int refused = 0, cut = 0;
        var clock = Stopwatch.StartNew();
        try
        {
            await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, _) =>
            {
                try
                {
                    var socket = await LoopbackSocket.ConnectAsync(system.EndPoints[0], i);
                    sockets.Add(socket);
                    await socket.SendAsync(half);
                }
                catch (SocketException)
                {
                    Interlocked.Increment(ref refused);
                }
            });
            using var limit = new CancellationTokenSource(Held);
            await Task.WhenAll(sockets.Select(WaitAsync));
            return $"{count - refused} open at once, {cut} cut by the server, the last {clock.Elapsed.TotalSeconds:0} s after the first was opened";

            async Task WaitAsync(Socket socket)
            {
                if (await SlowRequests.IsCutAsync(socket, limit.Token)) Interlocked.Increment(ref cut);
            }
        }
        finally
        {
            foreach (var socket in sockets) socket.Dispose();
        }
    }
}
