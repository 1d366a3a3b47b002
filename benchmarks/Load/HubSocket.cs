using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Realtime.Benchmarks.Load;

/// <summary>
/// A SignalR connection (JSON protocol, no negotiation) on a bare socket, with the few WebSocket frames it needs written by hand:
/// a kilobyte and little CPU each, so that thousands share the machine with the servers.
/// </summary>
internal sealed class HubSocket : IDisposable
{
    private const byte RecordEnd = 0x1e;
    private const int InitialBuffer = 1024;
    private static readonly byte[] HandshakeFrame = Frame("{\"protocol\":\"json\",\"version\":1}\u001e"u8);
    private static readonly byte[] GetHeadFrame = Frame("{\"type\":1,\"invocationId\":\"1\",\"target\":\"GetHead\",\"arguments\":[]}\u001e"u8);
    private static readonly byte[] PingFrame = Frame("{\"type\":6}\u001e"u8);

    private readonly Socket _socket;
    private readonly IHubReceiver _receiver;
    private readonly TaskCompletionSource _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[] _buffer = new byte[InitialBuffer];
    private int _count;
    private MemoryStream? _fragments;
    private TaskCompletionSource? _paused;

    private HubSocket(Socket socket, IHubReceiver receiver)
    {
        _socket = socket;
        _receiver = receiver;
    }

    /// <summary>Whether the server has closed it, or it broke.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Tries whether the server has reset it; one that is not read learns it by sending only.</summary>
    public bool TryPing()
    {
        Ping();
        return !IsClosed;
    }

    /// <summary>Connects and waits until the receiver says that the connection has joined.</summary>
    /// <param name="server">Where the node listens.</param>
    /// <param name="user">Whose connection it is.</param>
    /// <param name="token">Bearer token, if the server asks for one.</param>
    /// <param name="receiver">Gets the records.</param>
    /// <param name="index">Picks the source address.</param>
    public static async Task<HubSocket> ConnectAsync(IPEndPoint server, string user, string? token, IHubReceiver receiver, int index)
    {
        var hub = new HubSocket(await LoopbackSocket.ConnectAsync(server, index), receiver);
        try
        {
            await hub.UpgradeAsync(server, user, token);
            hub.Send(HandshakeFrame);
            _ = hub.ReceiveAsync();
            await hub._joined.Task.WaitAsync(TimeSpan.FromSeconds(60));
            return hub;
        }
        catch
        {
            hub.Dispose();
            throw;
        }
    }

    /// <summary>Asks for the head; the answer is a record of type 3.</summary>
    public void AskHead() => Send(GetHeadFrame);

    /// <summary>Sends a call whose message has so many bytes, as fast as the server takes it.</summary>
    /// <returns>Whether it was sent.</returns>
    public async Task<bool> TrySendLargeAsync(int bytes)
    {
        byte[] length = [(byte)(bytes >> 24), (byte)(bytes >> 16), (byte)(bytes >> 8), (byte)bytes];
        byte[] frame = [0x81, 0xff, 0, 0, 0, 0, .. length, 0, 0, 0, 0, .. new byte[bytes]];
        frame.AsSpan(^bytes).Fill((byte)'x');
        try
        {
            for (int sent = 0; sent < frame.Length;) sent += await _socket.SendAsync(frame.AsMemory(sent));
            return true;
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            IsClosed = true;
            return false;
        }
    }

    /// <summary>What every client has to send twice within 30 s.</summary>
    public void Ping()
    {
        if (!IsClosed) Send(PingFrame);
    }

    /// <summary>From now on it takes nothing out of the socket, like a tab whose page hangs; pings still go out.</summary>
    public void StopReading() => Volatile.Write(ref _paused, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public void ReadOn() => Interlocked.Exchange(ref _paused, null)?.TrySetResult();

    /// <summary>Cuts the connection with a reset.</summary>
    public void Dispose() => _socket.Dispose();

    private async Task UpgradeAsync(IPEndPoint server, string user, string? token)
    {
        string authorization = token is null ? string.Empty : $"Authorization: Bearer {token}\r\n";
        byte[] request = Encoding.ASCII.GetBytes(
            $"GET /api/v1/ws/agents/{user} HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + $"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{authorization}\r\n");
        await _socket.SendAsync(request);
        int end;
        while ((end = _buffer.AsSpan(0, _count).IndexOf("\r\n\r\n"u8)) < 0) await FillAsync();
        if (!_buffer.AsSpan().StartsWith("HTTP/1.1 101"u8))
            throw new IOException($"No WebSocket: {Encoding.ASCII.GetString(_buffer, 0, _count)}");
        Drop(end + 4);
    }

    private async Task ReceiveAsync()
    {
        try
        {
            while (true)
            {
                while (TryTakeFrame())
                {
                }

                if (Volatile.Read(ref _paused) is { } paused) await paused.Task;
                await FillAsync();
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException or IOException or OperationCanceledException)
        {
            IsClosed = true;
            _joined.TrySetException(fault);
        }
    }

    private async ValueTask FillAsync()
    {
        if (_count == _buffer.Length) Array.Resize(ref _buffer, 2 * _buffer.Length);
        int read = await _socket.ReceiveAsync(_buffer.AsMemory(_count));
        if (read == 0) throw new IOException("The server closed the connection.");
        _count += read;
    }

    private bool TryTakeFrame()
    {
        if (_count < 2) return false;
        int length = _buffer[1] & 0x7f;
        int head = 2;
        if (length == 126)
        {
            if (_count < 4) return false;
            length = (_buffer[2] << 8) | _buffer[3];
            head = 4;
        }
        else if (length == 127)
        {
            if (_count < 10) return false;
            length = (_buffer[6] << 24) | (_buffer[7] << 16) | (_buffer[8] << 8) | _buffer[9];
            head = 10;
        }

        if (_count < head + length) return false;
        Handle(opcode: _buffer[0] & 0x0f, isLast: (_buffer[0] & 0x80) != 0, _buffer.AsSpan(head, length));
        Drop(head + length);
        return true;
    }

    private void Handle(int opcode, bool isLast, ReadOnlySpan<byte> payload)
    {
        switch (opcode)
        {
            case 8: throw new IOException("The server closed the WebSocket.");
            case 9 or 10: return; // no server of ours asks for a pong
        }

        if (isLast && _fragments is null)
        {
            TakeRecords(payload);
            return;
        }

        _fragments ??= new MemoryStream();
        _fragments.Write(payload);
        if (!isLast) return;
        TakeRecords(_fragments.GetBuffer().AsSpan(0, (int)_fragments.Length));
        _fragments = null;
    }

    private void TakeRecords(ReadOnlySpan<byte> message)
    {
        for (int end = message.IndexOf(RecordEnd); end >= 0; end = message.IndexOf(RecordEnd))
        {
            if (_receiver.OnRecord(this, message[..end])) _joined.TrySetResult();
            message = message[(end + 1)..];
        }
    }

    private void Drop(int count)
    {
        _count -= count;
        _buffer.AsSpan(count, _count).CopyTo(_buffer);
    }

    /// <summary>Small enough for the socket's buffer, so it never waits.</summary>
    private void Send(byte[] frame)
    {
        try
        {
            lock (_socket) _socket.Send(frame);
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            IsClosed = true;
        }
    }

    /// <summary>Masked with zeros: the bytes stay as they are.</summary>
    private static byte[] Frame(ReadOnlySpan<byte> text) => [0x81, (byte)(0x80 | text.Length), 0, 0, 0, 0, .. text];
}
