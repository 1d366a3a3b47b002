using System.Net;
using System.Net.Sockets;
using System.Text;
using Realtime.Tests.Support;

namespace Realtime.Tests.Security;

/// <summary>One request on a bare socket, exactly as written: an HTTP client would repair or refuse what an attacker sends.</summary>
static class RawHttp
{
    /// <summary>Sends a request and reads the head of the answer, and of its body what comes with it.</summary>
    /// <param name="server">Where to.</param>
    /// <param name="request">Each character is a byte.</param>
    /// <param name="isEnd">Whether nothing follows, which the server is told.</param>
    /// <param name="isWhole">Whether to read until the server closes, which the request must ask for.</param>
    internal static async Task<RawAnswer> SendAsync(Uri server, string request, bool isEnd = false, bool isWhole = false)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        // A reset at the end: thousands of these must not leave ports behind.
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        await socket.ConnectAsync(IPAddress.Loopback, server.Port).WithinDeadline();
        await socket.SendAsync(Encoding.Latin1.GetBytes(request)).WithinDeadline();
        if (isEnd) socket.Shutdown(SocketShutdown.Send);

        byte[] answer = new byte[16 * 1024];
        int count = 0;
        while (true)
        {
            int read = await socket.ReceiveAsync(answer.AsMemory(count)).WithinDeadline();
            count += read;
            int end = answer.AsSpan(0, count).IndexOf("\r\n\r\n"u8);
            if (end >= 0 && (!isWhole || read == 0)) return RawAnswer.Parse(Encoding.Latin1.GetString(answer, 0, end), Encoding.UTF8.GetString(answer, end + 4, count - end - 4));
            if (read == 0 || count == answer.Length) throw new IOException($"No HTTP answer to: {request.ReplaceLineEndings(" ")}");
        }
    }

    /// <summary>A request with what every one needs.</summary>
    /// <param name="method">HTTP method.</param>
    /// <param name="target">Path and query, sent as it is.</param>
    /// <param name="headerLines">Each with its end of line.</param>
    /// <param name="body">JSON, or nothing.</param>
    internal static string Request(string method, string target, string headerLines, string body)
    {
        string length = method is "GET" ? string.Empty : $"Content-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n";
        return $"{method} {target} HTTP/1.1\r\nHost: localhost\r\n{length}{headerLines}\r\n{body}";
    }
}

/// <summary>An answer's head, and the beginning of its body.</summary>
sealed record RawAnswer(int Status, ILookup<string, string> Headers, string Body)
{
    internal string Header(string name) => string.Join(", ", Headers[name.ToUpperInvariant()]);

    internal static RawAnswer Parse(string head, string body)
    {
        string[] lines = head.Split("\r\n");
        return new RawAnswer(
            int.Parse(lines[0].Split(' ')[1]),
            lines.Skip(1).Select(l => l.Split(':', 2)).ToLookup(l => l[0].ToUpperInvariant(), l => l[1].Trim(), StringComparer.Ordinal),
            body);
    }
}
