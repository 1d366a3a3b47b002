using System.Net;
using System.Net.Sockets;

namespace Realtime.Benchmarks.Load;

/// <summary>Sockets to the servers of this machine.</summary>
internal static class LoopbackSocket
{
    /// <summary>One source address has some 28,000 ports; with these there are enough for every scenario.</summary>
    private const int SourceAddresses = 8;

    /// <param name="server">Where a node listens.</param>
    /// <param name="index">Picks the source address.</param>
    public static async Task<Socket> ConnectAsync(IPEndPoint server, int index)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            // Closed with a reset: no port waits for stragglers, and to the server it is a client that is cut off.
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
            socket.Bind(new IPEndPoint(new IPAddress([127, 0, 0, (byte)(1 + (index % SourceAddresses))]), 0));
            await socket.ConnectAsync(server);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
