using System.Net;
using System.Net.Sockets;

namespace Realtime.Harness;

/// <summary>
/// A TCP proxy on a free loopback port that can behave like a bad network. Thread-safe; each method takes effect on
/// all present connections and, where it says so, on later ones.
/// </summary>
public sealed class CuttableProxy : IAsyncDisposable
{
    const int Backlog = 512;

    readonly Func<IPEndPoint> _target;
    readonly ProxyConditions _conditions = new();
    readonly Lock _gate = new();
    readonly Dictionary<ProxyLink, Task> _links = [];
    Socket? _listener;
    Task _accepting = Task.CompletedTask;
    bool _isDisposed;
    int _acceptedCount;

    CuttableProxy(Func<IPEndPoint> target) => _target = target;

    /// <summary>The proxy's own port of 127.0.0.1.</summary>
    public int Port { get; private set; }

    /// <summary><c>127.0.0.1:PORT</c>.</summary>
    public string Endpoint => $"127.0.0.1:{Port}";

    /// <summary>Connections that are open now.</summary>
    public int ConnectionCount
    {
        get
        {
            lock (_gate)
                return _links.Count;
        }
    }

    /// <summary>Connections accepted since the start.</summary>
    public int AcceptedCount => Volatile.Read(ref _acceptedCount);

    /// <summary>Starts a proxy to a port of 127.0.0.1; the target need not listen yet.</summary>
    public static CuttableProxy Start(int targetPort) => Start(new IPEndPoint(IPAddress.Loopback, targetPort));

    /// <summary>Starts a proxy to a target, which need not listen yet.</summary>
    public static CuttableProxy Start(IPEndPoint target) => Start(() => target);

    /// <summary>Starts a proxy that asks for the target of each new connection, as a load balancer does.</summary>
    /// <param name="target">Thread-safe; must not throw.</param>
    public static CuttableProxy Start(Func<IPEndPoint> target)
    {
        var proxy = new CuttableProxy(target);
        while (true)
        {
            proxy.Port = FreePort.Next();
            try
            {
                proxy.Accept();
                return proxy;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // Another process was faster; the next port, then.
            }
        }
    }

    /// <summary>Resets every open connection. New ones are welcome.</summary>
    public void Cut()
    {
        foreach (var link in Links())
            link.Abort();
    }

    /// <summary>New connections are refused, as if nothing listened. Open ones go on.</summary>
    public void Refuse()
    {
        lock (_gate)
        {
            _listener?.Dispose();
            _listener = null;
        }
    }

    /// <summary>Ends <see cref="Refuse"/>.</summary>
    public void Accept()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_listener is not null)
                return;
            var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
                listener.Listen(Backlog);
            }
            catch
            {
                listener.Dispose();
                throw;
            }
            _listener = listener;
            _accepting = Task.WhenAll(_accepting, AcceptLoopAsync(listener));
        }
    }

    /// <summary>Whatever is sent, on open and new connections, is taken and never arrives; nobody is told.</summary>
    public void BlackHole() => _conditions.IsBlackHole = true;

    /// <summary>Ends <see cref="BlackHole"/>. Connections that lost something are reset; the others go on as if nothing was.</summary>
    public void Heal()
    {
        _conditions.IsBlackHole = false;
        foreach (var link in Links().Where(link => link.HasSwallowed))
            link.Abort();
    }

    /// <summary>Latency added to each direction of what arrives from now on; zero ends it.</summary>
    public void Delay(TimeSpan latency) => _conditions.Delay = latency;

    /// <summary>Half-open: this direction goes silent while the other goes on. What is sent waits, and is not lost.</summary>
    public void StopForwarding(ProxyDirection direction) => _conditions.Hold(direction);

    /// <summary>Ends <see cref="StopForwarding"/>: what waited arrives, in order.</summary>
    public void ResumeForwarding(ProxyDirection direction) => _conditions.Release(direction);

    /// <summary>What flows this way is no longer read, so that the sender's own buffers fill up and its writes stop.</summary>
    public void StopReading(ProxyDirection direction) => _conditions.HoldReading(direction);

    /// <summary>Ends <see cref="StopReading"/>: reading goes on where it stopped, and nothing is lost.</summary>
    public void ResumeReading(ProxyDirection direction) => _conditions.ReleaseReading(direction);

    /// <summary>Sends the target bytes that the client never wrote, on one open connection. Only safe between two messages of the client.</summary>
    /// <param name="portAtTarget">The connection's port as the target sees it.</param>
    /// <param name="bytes">What to send.</param>
    /// <returns>False when there is no such connection.</returns>
    public async Task<bool> TryInjectAsync(int portAtTarget, ReadOnlyMemory<byte> bytes)
    {
        var link = Links().FirstOrDefault(link => link.PortAtTarget == portAtTarget);
        return link is not null && await link.TryInjectAsync(bytes);
    }

    /// <summary>Stops listening and resets what is open.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
            _isDisposed = true;
        Refuse();
        await _accepting;
        Task[] running;
        lock (_gate)
            running = [.. _links.Values];
        Cut();
        await Task.WhenAll(running);
    }

    async Task AcceptLoopAsync(Socket listener)
    {
        // Leaves the lock of Accept before anything else happens.
        await Task.Yield();
        while (true)
        {
            Socket client;
            try
            {
                client = await listener.AcceptAsync();
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted)
            {
                // The client gave up while it waited to be accepted.
                continue;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Refuse closed the listener.
                return;
            }
            client.NoDelay = true;
            Interlocked.Increment(ref _acceptedCount);
            var link = new ProxyLink(client, _conditions);
            lock (_gate)
                _links.Add(link, RunAsync(link));
        }
    }

    async Task RunAsync(ProxyLink link)
    {
        await Task.Yield();
        await link.RunAsync(_target());
        lock (_gate)
            _links.Remove(link);
        link.Dispose();
    }

    IReadOnlyList<ProxyLink> Links()
    {
        lock (_gate)
            return [.. _links.Keys];
    }
}
