using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Scenarios;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Hostile;

/// <summary>Publishes whose bodies are a hundred times as large as what is taken.</summary>
internal static class LargeBodies
{
    private const int Requests = 40;
    private const int AtOnce = 8;
    private const int BodyBytes = 100 * 1024 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static async Task<string> RunAsync(SystemUnderTest system, Scale scale)
    {
        var answers = new ConcurrentBag<string>();
        byte[] piece = Encoding.ASCII.GetBytes(new string(' ', 64 * 1024));
        await Parallel.ForAsync(0, scale.Of(Requests), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, _) => answers.Add(await SendAsync(system, i, piece)));
        return string.Join(", ", answers.GroupBy(a => a).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Count()} x {g.Key}"));
    }

    private static async Task<string> SendAsync(SystemUnderTest system, int index, byte[] piece)
    {
        bool isChunked = index % 2 == 1;
        using var socket = await LoopbackSocket.ConnectAsync(system.EndPoints[0], index);
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"POST /api/v1/agents/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {system.Stage.WorkerToken}\r\nContent-Type: application/json\r\n"
            + (isChunked ? "Transfer-Encoding: chunked\r\n\r\n" : $"Content-Length: {BodyBytes}\r\n\r\n")));
        byte[] answer = new byte[4096];
        using var limit = new CancellationTokenSource(Patience);
        var reading = socket.ReceiveAsync(answer, limit.Token).AsTask();
        long sent = 0;
        try
        {
            // An attacker does not stop for an answer.
            for (; sent < BodyBytes; sent += piece.Length)
            {
                if (isChunked) await socket.SendAsync(Encoding.ASCII.GetBytes($"{piece.Length:x}\r\n"), limit.Token);
                await socket.SendAsync(piece, limit.Token);
                if (isChunked) await socket.SendAsync("\r\n"u8.ToArray(), limit.Token);
            }
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException)
        {
            // The server has had enough.
        }

        try
        {
            int read = await reading;
            return read > 12 ? Encoding.ASCII.GetString(answer, 9, 3) : "closed";
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException)
        {
            return "closed";
        }
    }
}
