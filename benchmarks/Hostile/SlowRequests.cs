using System.Net.Sockets;
using System.Text;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Scenarios;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Hostile;

/// <summary>Requests that come one byte at a time, and come again when the server has had enough.</summary>
internal static class SlowRequests
{
    private const int Connections = 1_000;
    private static readonly TimeSpan Held = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public static Task<string> HeadersAsync(SystemUnderTest system, Scale scale) => RunAsync(system, scale, string.Empty, i =>
        (i % 2 == 0 ? "POST /api/v1/ws/agents/user_1/negotiate?negotiateVersion=1" : "GET /api/v1/agents/events") + " HTTP/1.1\r\nHost: localhost\r\nX-Padding: " + new string('x', 1000));

    public static Task<string> BodiesAsync(SystemUnderTest system, Scale scale) => RunAsync(
        system,
        scale,
        $"POST /api/v1/agents/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {system.Stage.WorkerToken}\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n",
        _ => new string(' ', 1000));

    /// <summary>Waits until the server says or does something with a connection.</summary>
    /// <returns>Whether it did.</returns>
    public static async Task<bool> IsCutAsync(Socket socket, CancellationToken limit)
    {
        byte[] answer = new byte[1024];
        try
        {
            while (await socket.ReceiveAsync(answer, limit) > 0)
            {
            }

            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    private static async Task<string> RunAsync(SystemUnderTest system, Scale scale, string atOnce, Func<int, string> slowly)
    {
        int cut = 0;
        using var limit = new CancellationTokenSource(Held);
        int connections = scale.Of(Connections);
        await Task.WhenAll(Enumerable.Range(0, connections).Select(HoldAsync));
        return $"{connections} at any time, cut {cut} times in {Held.TotalSeconds:0} s";

        async Task HoldAsync(int index)
        {
            while (!limit.IsCancellationRequested)
            {
                try
                {
                    using var socket = await LoopbackSocket.ConnectAsync(system.EndPoints[0], index);
                    if (atOnce.Length > 0) await socket.SendAsync(Encoding.ASCII.GetBytes(atOnce));
                    var watching = IsCutAsync(socket, limit.Token);
                    await DripAsync(socket, Encoding.ASCII.GetBytes(slowly(index)), watching, limit.Token);
                    if (await watching) Interlocked.Increment(ref cut);
                }
                catch (SocketException)
                {
                    Interlocked.Increment(ref cut);
                }
            }
        }
    }

    private static async Task DripAsync(Socket socket, byte[] bytes, Task<bool> watching, CancellationToken limit)
    {
        using var timer = new PeriodicTimer(Pause);
        try
        {
            foreach (byte one in bytes)
            {
                if (watching.IsCompleted) return;
                await socket.SendAsync(new[] { one });
                await timer.WaitForNextTickAsync(limit);
            }
        }
        catch (OperationCanceledException)
        {
            // The attack is over.
        }
    }
}
