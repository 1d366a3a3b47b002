using System.Net;
using System.Net.Sockets;
using System.Text;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Security;

/// <summary>A hub connection on a bare socket that keeps every byte that the server sends.</summary>
sealed class WireTap : IDisposable
{
    readonly Socket _socket;
    readonly List<byte> _received = [];

    WireTap(Socket socket) => _socket = socket;

    /// <summary>Everything so far, without the heads of the WebSocket's frames.</summary>
    internal string Text
    {
        get
        {
            byte[] bytes;
            lock (_received) bytes = [.. _received];
            return Encoding.UTF8.GetString(Payload(bytes));
        }
    }

    /// <summary>Connects and waits until it is told the head, so is in its group.</summary>
    internal static async Task<WireTap> ConnectAsync(Uri server, string user, string token)
    {
        var tap = new WireTap(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, LingerState = new LingerOption(enable: true, seconds: 0) });
        await tap._socket.ConnectAsync(IPAddress.Loopback, server.Port).WithinDeadline();
        byte[] hello = Encoding.ASCII.GetBytes("{\"protocol\":\"json\",\"version\":1}\u001e");
        string upgrade = RawHttp.Request("GET", Routes.HubFor(user), $"Authorization: Bearer {token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", string.Empty);
        await tap._socket.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(upgrade), 0x81, (byte)(0x80 | hello.Length), 0, 0, 0, 0, .. hello]).WithinDeadline();
        _ = tap.ReceiveAsync();
        await Eventually.Async("the head has come", () => tap.Text.Contains("ReceiveHead", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        return tap;
    }

    public void Dispose() => _socket.Dispose();

    async Task ReceiveAsync()
    {
        byte[] buffer = new byte[8 * 1024];
        try
        {
            while (await _socket.ReceiveAsync(buffer) is > 0 and var count)
            {
                lock (_received) _received.AddRange(buffer.AsSpan(0, count));
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // Closed by the test; what has come stays.
        }
    }

    static byte[] Payload(byte[] bytes)
    {
        int at = bytes.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
        if (at < 4) return bytes;
        var payload = new List<byte>(bytes.Length);
        while (at + 2 <= bytes.Length)
        {
            int length = bytes[at + 1] & 0x7f, head = 2;
            if (length == 126)
            {
                if (at + 4 > bytes.Length) break;
                (length, head) = ((bytes[at + 2] << 8) | bytes[at + 3], 4);
            }

            int end = Math.Min(bytes.Length, at + head + length);
            payload.AddRange(bytes.AsSpan((at + head)..end));
            at = end;
        }

        return [.. payload];
    }
}
