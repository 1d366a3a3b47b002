using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Realtime.Harness;

/// <summary>
/// One client connection and its connection to the target. Per direction a reader stamps what arrives with the time
/// it may pass, and a writer passes it on, so a delay adds latency and costs no throughput.
/// </summary>
sealed class ProxyLink(Socket client, ProxyConditions conditions) : IDisposable
{
    const int ChunksInFlight = 4_096;

    readonly Lock _gate = new();
    // Never disposed: it owns no handle, and an abort may come at the very end of the link.
    readonly CancellationTokenSource _aborted = new();
    readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    bool _hasSwallowed;
    bool _isOver;

    /// <summary>Whether bytes, or the end of one direction, vanished here: the stream can never be whole again.</summary>
    internal bool HasSwallowed
    {
        get
        {
            lock (_gate)
                return _hasSwallowed;
        }
    }

    /// <summary>The port from which the target sees this connection; 0 before it is made and when it is over.</summary>
    internal int PortAtTarget
    {
        get
        {
            lock (_gate)
                return !_isOver && _server.Connected && _server.LocalEndPoint is IPEndPoint own ? own.Port : 0;
        }
    }

    /// <summary>Sends the target bytes of nobody; false when the connection is over.</summary>
    internal async Task<bool> TryInjectAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return await _server.SendAsync(bytes, _aborted.Token) == bytes.Length;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Ends when both directions have ended, one was reset, or <see cref="Abort"/> was called.</summary>
    internal async Task RunAsync(IPEndPoint target)
    {
        try
        {
            if (SwallowsNow())
                await SwallowAsync();
            else
            {
                await _server.ConnectAsync(target, _aborted.Token);
                await Task.WhenAll(PumpAsync(client, _server, ProxyDirection.ToServer), PumpAsync(_server, client, ProxyDirection.ToClient));
                if (HasSwallowed)
                    await SwallowAsync();
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // One side was reset, refused or cut: the other learns it the same way.
            Abort();
        }
    }

    /// <summary>Resets both connections, without the courtesies of a close.</summary>
    internal void Abort()
    {
        lock (_gate)
        {
            if (_isOver)
                return;
            _isOver = true;
            Reset(client);
            Reset(_server);
        }
        _aborted.Cancel();
    }

    public void Dispose()
    {
        lock (_gate)
            _isOver = true;
        client.Dispose();
        _server.Dispose();
    }

    async Task PumpAsync(Socket from, Socket to, ProxyDirection direction)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_aborted.Token);
        var inFlight = Channel.CreateBounded<Chunk>(ChunksInFlight);
        var writing = WriteAsync(to, direction, inFlight.Reader, either.Token);
        try
        {
            var buffer = new byte[16 * 1024];
            while (true)
            {
                await conditions.ReadingAsync(direction, either.Token);
                var count = await from.ReceiveAsync(buffer, either.Token);
                if (SwallowsNow())
                {
                    if (count == 0)
                        break;
                    continue;
                }
                await inFlight.Writer.WriteAsync(new(buffer.AsSpan(0, count).ToArray(), Stopwatch.GetTimestamp(), conditions.Delay), either.Token);
                if (count == 0)
                    break;
            }
            inFlight.Writer.Complete();
            await writing;
        }
        catch
        {
            Abort();
            throw;
        }
    }

    async Task WriteAsync(Socket to, ProxyDirection direction, ChannelReader<Chunk> inFlight, CancellationToken ct)
    {
        try
        {
            await foreach (var chunk in inFlight.ReadAllAsync(ct))
            {
                var remaining = chunk.Delay - Stopwatch.GetElapsedTime(chunk.Arrived);
                if (remaining > TimeSpan.Zero)
                    await Task.Delay(remaining, ct);
                await conditions.PassageAsync(direction, ct);
                if (SwallowsNow())
                    continue;
                if (chunk.Bytes.Length == 0)
                    to.Shutdown(SocketShutdown.Send);
                for (var sent = 0; sent < chunk.Bytes.Length;)
                    sent += await to.SendAsync(chunk.Bytes.AsMemory(sent), ct);
            }
        }
        catch
        {
            // The reader may wait for bytes that never come; only the reset wakes it.
            Abort();
            throw;
        }
    }

    /// <summary>Decided and noted in one step, so that healing sees every link that lost something.</summary>
    bool SwallowsNow()
    {
        lock (_gate)
        {
            var swallows = conditions.IsBlackHole;
            _hasSwallowed |= swallows;
            return swallows;
        }
    }

    /// <summary>Takes what the client sends and answers nothing, until the link is cut.</summary>
    async Task SwallowAsync()
    {
        var buffer = new byte[16 * 1024];
        while (await client.ReceiveAsync(buffer, _aborted.Token) > 0)
            continue;
        await Task.Delay(Timeout.InfiniteTimeSpan, _aborted.Token);
    }

    static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Dispose();
    }

    /// <summary>No bytes means the end of this direction.</summary>
    readonly record struct Chunk(byte[] Bytes, long Arrived, TimeSpan Delay);
}
