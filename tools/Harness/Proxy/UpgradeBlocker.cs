using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Realtime.Harness;

/// <summary>What an <see cref="UpgradeBlocker"/> does to WebSockets.</summary>
public enum UpgradeFate
{
    /// <summary>Answers 403 with a page of its own, as many a company's proxy does.</summary>
    Refuse,

    /// <summary>Lets the handshake through and cuts the connection off right after it, as proxies do that take it for a download.</summary>
    CutOff,

    /// <summary>Lets them through.</summary>
    Pass,
}

/// <summary>A proxy on a free loopback port that lets plain HTTP through, streams included, and not WebSockets. Thread-safe.</summary>
public sealed class UpgradeBlocker : IAsyncDisposable
{
    const int MaxHead = 32 * 1024;
    static readonly byte[] EndOfHead = "\r\n\r\n"u8.ToArray();
    static readonly byte[] Refusal = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 31\r\nConnection: close\r\n\r\n<html>Blocked by policy.</html>"u8.ToArray();

    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly Lock _gate = new();
    readonly HashSet<Task> _running = [];
    readonly int _targetPort;
    readonly Task _accepting;
    int _upgrades;
    volatile UpgradeFate _fate = UpgradeFate.Refuse;

    UpgradeBlocker(int targetPort)
    {
        _targetPort = targetPort;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <value>What happens to WebSockets from now on; those that are open stay.</value>
    public UpgradeFate Fate
    {
        get => _fate;
        set => _fate = value;
    }

    /// <summary>WebSocket handshakes seen since the start.</summary>
    public int UpgradesSeen => Volatile.Read(ref _upgrades);

    /// <summary><c>http://127.0.0.1:PORT/</c>.</summary>
    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    /// <summary>Starts a proxy to a port of 127.0.0.1.</summary>
    public static UpgradeBlocker Start(int targetPort) => new(targetPort);

    /// <summary>Stops listening and closes what is open.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        Task[] running;
        lock (_gate)
            running = [.. _running];
        await Task.WhenAll(running);
        _stop.Dispose();
    }

    async Task AcceptAsync()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync(_stop.Token);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                return;
            }
            lock (_gate)
            {
                _running.RemoveWhere(task => task.IsCompleted);
                _running.Add(Task.Run(() => ServeAsync(client)));
            }
        }
    }

    async Task ServeAsync(Socket client)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (client)
        {
            client.NoDelay = true;
            try
            {
                var head = await ReadHeadAsync(client);
                var isUpgrade = Encoding.Latin1.GetString(head).Contains("upgrade: websocket", StringComparison.OrdinalIgnoreCase);
                if (isUpgrade)
                    Interlocked.Increment(ref _upgrades);
                if (isUpgrade && _fate == UpgradeFate.Refuse)
                {
                    await client.SendAsync(Refusal, _stop.Token);
                    client.Shutdown(SocketShutdown.Send);
                    return;
                }
                var cutsOff = isUpgrade && _fate == UpgradeFate.CutOff;
                await server.ConnectAsync(IPAddress.Loopback, _targetPort, _stop.Token);
                await server.SendAsync(head, _stop.Token);
                using var over = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                await Task.WhenAny(PumpAsync(client, server, isOnce: false, over.Token), PumpAsync(server, client, cutsOff, over.Token));
                await over.CancelAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                // One side has gone: the other learns it by the close.
            }
        }
    }

    async Task<byte[]> ReadHeadAsync(Socket client)
    {
        var buffer = new byte[MaxHead];
        var count = 0;
        while (count < buffer.Length)
        {
            var read = await client.ReceiveAsync(buffer.AsMemory(count), _stop.Token);
            count += read;
            if (read == 0 || buffer.AsSpan(0, count).IndexOf(EndOfHead) >= 0)
                break;
        }
        return buffer[..count];
    }

    /// <summary>Passes on until one side ends, or only what comes first.</summary>
    static async Task PumpAsync(Socket from, Socket to, bool isOnce, CancellationToken ct)
    {
        try
        {
            var buffer = new byte[16 * 1024];
            while (await from.ReceiveAsync(buffer, ct) is var count and > 0)
            {
                for (var sent = 0; sent < count;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), ct);
                if (isOnce)
                    return;
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The end, as good as any.
        }
    }
}
