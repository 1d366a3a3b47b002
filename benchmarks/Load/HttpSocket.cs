using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Realtime.Benchmarks.Load;

/// <summary>
/// One HTTP/1.1 connection on a bare socket, one request at a time: a fraction of what HttpClient costs, which leaves
/// the machine to the servers. Not thread-safe.
/// </summary>
internal sealed class HttpSocket : IDisposable
{
    private static readonly byte[] HeaderEnd = "\r\n\r\n"u8.ToArray();
    private readonly Socket _socket;
    private readonly byte[] _head;
    private byte[] _request = new byte[2 * 1024];
    private byte[] _answer = new byte[2 * 1024];

    private HttpSocket(Socket socket, IPEndPoint server, string? token, string furtherHeaders)
    {
        _socket = socket;
        string authorization = token is null ? string.Empty : $"Authorization: Bearer {token}\r\n";
        _head = Encoding.ASCII.GetBytes($" HTTP/1.1\r\nHost: {server}\r\n{authorization}{furtherHeaders}");
    }

    /// <summary>The body of the last answer, until the next request.</summary>
    public ReadOnlyMemory<byte> Body { get; private set; }

    /// <param name="server">Where the node listens.</param>
    /// <param name="token">Bearer token, if the server asks for one.</param>
    /// <param name="index">Picks the source address.</param>
    /// <param name="furtherHeaders">Sent with each request, each with its line end.</param>
    public static async Task<HttpSocket> ConnectAsync(IPEndPoint server, string? token, int index = 0, string furtherHeaders = "") =>
        new(await LoopbackSocket.ConnectAsync(server, index), server, token, furtherHeaders);

    /// <returns>The status.</returns>
    public ValueTask<int> GetAsync(string pathAndQuery)
    {
        int at = Put(0, Encoding.ASCII.GetBytes($"GET {pathAndQuery}"));
        at = Put(Put(at, _head), "\r\n"u8);
        return ExchangeAsync(at);
    }

    /// <returns>The status.</returns>
    public ValueTask<int> PostAsync(ReadOnlySpan<byte> path, ReadOnlySpan<byte> json)
    {
        int at = Put(Put(Put(0, "POST "u8), path), _head);
        at = Put(at, "Content-Type: application/json\r\nContent-Length: "u8);
        Room(at + 16);
        Utf8Formatter.TryFormat(json.Length, _request.AsSpan(at), out int digits);
        at = Put(Put(at + digits, HeaderEnd), json);
        return ExchangeAsync(at);
    }

    public void Dispose() => _socket.Dispose();

    private async ValueTask<int> ExchangeAsync(int length)
    {
        for (int sent = 0; sent < length;) sent += await _socket.SendAsync(_request.AsMemory(sent, length - sent));
        int count = 0;
        while (true)
        {
            if (count == _answer.Length) Array.Resize(ref _answer, 2 * _answer.Length);
            int read = await _socket.ReceiveAsync(_answer.AsMemory(count));
            if (read == 0) throw new IOException("The server closed the connection.");
            count += read;
            int body = _answer.AsSpan(0, count).IndexOf(HeaderEnd);
            if (body >= 0 && IsComplete(body + HeaderEnd.Length, count)) return StatusOf(_answer);
        }
    }

    private bool IsComplete(int body, int count)
    {
        var head = _answer.AsSpan(0, body);
        var rest = _answer.AsSpan(body, count - body);
        int at = head.IndexOf("Content-Length:"u8);
        if (at >= 0)
        {
            if (!Utf8Parser.TryParse(head[(at + 16)..], out int length, out _)) throw new InvalidDataException("A length that is no number.");
            Body = _answer.AsMemory(body, Math.Min(length, rest.Length));
            return rest.Length >= length;
        }

        if (head.IndexOf("Transfer-Encoding: chunked"u8) < 0)
        {
            Body = default;
            return true; // 204 and the like
        }

        if (!rest.EndsWith("0\r\n\r\n"u8)) return false; // one request at a time: the last chunk is the end of what comes
        return TryJoinChunks(body, count);
    }

    /// <summary>Moves the chunks together. The bytes that end the last chunk may also be data; then the walk does not end on them.</summary>
    private bool TryJoinChunks(int body, int count)
    {
        int from = body;
        var chunks = new List<(int At, int Length)>();
        while (from < count)
        {
            if (!Utf8Parser.TryParse(_answer.AsSpan(from, count - from), out int length, out int digits, 'X')) return false;
            from += digits + 2;
            if (length == 0)
            {
                int to = body;
                foreach (var (at, size) in chunks)
                {
                    _answer.AsSpan(at, size).CopyTo(_answer.AsSpan(to));
                    to += size;
                }

                Body = _answer.AsMemory(body, to - body);
                return true;
            }

            chunks.Add((from, length));
            from += length + 2;
        }

        return false;
    }

    private static int StatusOf(ReadOnlySpan<byte> answer) => int.Parse(answer.Slice("HTTP/1.1 ".Length, 3), CultureInfo.InvariantCulture);

    private int Put(int at, ReadOnlySpan<byte> text)
    {
        Room(at + text.Length);
        text.CopyTo(_request.AsSpan(at));
        return at + text.Length;
    }

    private void Room(int size)
    {
        if (size > _request.Length) Array.Resize(ref _request, Math.Max(size, 2 * _request.Length));
    }
}
