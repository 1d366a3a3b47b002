using System.Collections.Concurrent;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using Realtime.Harness;

namespace Realtime.Benchmarks;

/// <summary>A hub connection on a bare WebSocket: cheap enough that thousands share the machine with the servers.</summary>
/// <param name="waits">Gets the time from the store's clock at the commit to the arrival here, in ms; the servers run on this machine.</param>
internal sealed class RawClient(ConcurrentQueue<double>? waits = null) : IDisposable
{
    private static readonly byte[] Handshake = Encoding.UTF8.GetBytes("{\"protocol\":\"json\",\"version\":1}\u001e");
    private static readonly byte[] Needle = Encoding.UTF8.GetBytes("\"target\":\"ReceiveEvent\"");

    private static readonly byte[] Time = Encoding.UTF8.GetBytes("\"time\":\"");
    private const int TimeLength = 27;

    private readonly ClientWebSocket _socket = new();
    private int _events;

    public int Events => Volatile.Read(ref _events);

    /// <summary>Connects and waits for the head, which is sent when the connection has joined its group.</summary>
    public async Task ConnectAsync(ServerNode node, string user, string token)
    {
        _socket.Options.SetRequestHeader("Authorization", $"Bearer {token}");
        await _socket.ConnectAsync(new Uri($"ws://{node.Address.Authority}/api/v1/ws/agents/{user}"), CancellationToken.None);
        await _socket.SendAsync(Handshake, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        var joined = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = ReceiveAsync(joined);
        await joined.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    public void Dispose() => _socket.Dispose();

    private async Task ReceiveAsync(TaskCompletionSource joined)
    {
        byte[] buffer = new byte[16 * 1024];
        try
        {
            while (_socket.State == WebSocketState.Open)
            {
                var read = await _socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                var text = buffer.AsSpan(0, read.Count);
                if (text.IndexOf("ReceiveHead"u8) >= 0) joined.TrySetResult();
                for (int at = text.IndexOf(Needle); at >= 0; at = text.IndexOf(Needle))
                {
                    Interlocked.Increment(ref _events);
                    text = text[(at + Needle.Length)..];
                    if (waits is not null) NoteWait(text);
                }
            }
        }
        catch (Exception fault) when (fault is WebSocketException or ObjectDisposedException or OperationCanceledException)
        {
            joined.TrySetException(fault);
        }
    }

    private void NoteWait(ReadOnlySpan<byte> text)
    {
        int at = text.IndexOf(Time);
        if (at < 0 || text.Length < at + Time.Length + TimeLength) return; // cut off at the end of the buffer: one sample less
        var committed = DateTimeOffset.Parse(Encoding.ASCII.GetString(text.Slice(at + Time.Length, TimeLength)), CultureInfo.InvariantCulture);
        waits!.Enqueue((TimeProvider.System.GetUtcNow() - committed).TotalMilliseconds);
    }
}
