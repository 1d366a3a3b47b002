using System.Net;
using System.Net.Sockets;

namespace Realtime.Tests.Harness;

/// <summary>Sends back what it receives, and counts.</summary>
sealed class EchoServer : IAsyncDisposable
{
    readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    readonly CancellationTokenSource _stop = new();
    readonly List<Task> _connections = [];
    readonly Task _accepting;
    int _receivedBytes;
    int _resetCount;

    internal EchoServer()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    internal int Port { get; }
    internal int ReceivedBytes => Volatile.Read(ref _receivedBytes);
    internal int ResetCount => Volatile.Read(ref _resetCount);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        await Task.WhenAll(_connections);
        _listener.Dispose();
        _stop.Dispose();
    }

    async Task AcceptAsync()
    {
        try
        {
            while (true)
                _connections.Add(EchoAsync(await _listener.AcceptAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    async Task EchoAsync(Socket socket)
    {
        using var _ = socket;
        var buffer = new byte[64 * 1024];
        try
        {
            for (int count; (count = await socket.ReceiveAsync(buffer, _stop.Token)) > 0;)
            {
                Interlocked.Add(ref _receivedBytes, count);
                for (var sent = 0; sent < count;)
                    sent += await socket.SendAsync(buffer.AsMemory(sent, count - sent), _stop.Token);
            }
        }
        catch (SocketException)
        {
            Interlocked.Increment(ref _resetCount);
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}
