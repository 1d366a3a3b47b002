using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Realtime.Harness;

/// <summary>
/// Hands out loopback ports for servers that will be stopped and started again on the same port.
/// They lie below the kernel's range for outgoing connections: a client that redials a dead server from inside that
/// range can be given the server's own port and connect to itself, and the server then never gets its port back.
/// A port is given once per process; another process may still take it first, so starts retry on "address in use".
/// </summary>
public static class FreePort
{
    const int Lowest = 12_000;

    static readonly Lock Gate = new();
    static readonly HashSet<int> Given = [];
    static readonly int AboveHighest = FirstEphemeralPort();

    /// <summary>A port that nothing listens on now and that this process was not given before. Thread-safe.</summary>
    /// <exception cref="HarnessException">No port of the range is free.</exception>
    public static int Next()
    {
        lock (Gate)
        {
            var start = Random.Shared.Next(Lowest, AboveHighest);
            for (var offset = 0; offset < AboveHighest - Lowest; offset++)
            {
                var port = Lowest + (start - Lowest + offset) % (AboveHighest - Lowest);
                if (!Given.Contains(port) && CanBind(port))
                {
                    Given.Add(port);
                    return port;
                }
            }
        }
        throw new HarnessException($"No free loopback port between {Lowest} and {AboveHighest}.");
    }

    /// <summary>Whether a server could listen on this loopback port now.</summary>
    public static bool CanBind(int port)
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
            probe.Listen(1);
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            return false;
        }
    }

    static int FirstEphemeralPort()
    {
        const string range = "/proc/sys/net/ipv4/ip_local_port_range";
        var first = File.Exists(range)
            ? int.Parse(File.ReadAllText(range).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture)
            : 32_768;
        // A machine that gives nearly every port to outgoing connections leaves no room below them.
        return first >= Lowest + 1_000 ? first : 32_768;
    }
}
