using System.Diagnostics;
using System.Net;

namespace Realtime.Benchmarks.Load;

/// <summary>One client: its connection, which may be cut and made again, and what it has received. Thread-safe.</summary>
internal sealed class Listener(Audience audience, int user, int lanes) : IHubReceiver, IDisposable
{
    private readonly LaneLog[] _lanes = [.. Enumerable.Range(0, lanes).Select(_ => new LaneLog())];
    private HubSocket? _socket;
    private byte[] _lastPosition = [];
    private byte[] _lastTime = [];

    public int User => user;

    public IReadOnlyList<LaneLog> Lanes => _lanes;

    /// <summary>Position of the last event received; empty where there are none.</summary>
    public ReadOnlySpan<byte> LastPosition => _lastPosition;

    /// <summary>Time of the last event received, verbatim.</summary>
    public ReadOnlySpan<byte> LastTime => _lastTime;

    /// <summary>What the server said at the last connect.</summary>
    public byte[] Head { get; private set; } = [];

    public bool IsClosed => _socket?.IsClosed ?? true;

    public async Task ConnectAsync(IPEndPoint server, string? token, int index) =>
        _socket = await HubSocket.ConnectAsync(server, WireEvent.UserName(user), token, this, index);

    public void Ping() => _socket?.Ping();

    /// <summary>Cuts the connection.</summary>
    public void Dispose() => _socket?.Dispose();

    /// <summary>Joined is, to our clients, when the head has come; to SignalR's, when the handshake is answered.</summary>
    public bool OnRecord(ReadOnlySpan<byte> record)
    {
        if (record.StartsWith("{\"type\":6"u8)) return false;
        if (record.StartsWith("{\"type\":1"u8) && record.IndexOf("\"ReceiveHead\""u8) is > 0 and < 40)
        {
            Head = ValueAfter(record, "\"arguments\":[\""u8).ToArray();
            return true;
        }

        if (record.Length == 2) return !audience.AwaitsHead; // {}: the handshake's answer
        Take(record);
        return false;
    }

    /// <summary>Takes all events of a text: of a push, or of a page.</summary>
    public void Take(ReadOnlySpan<byte> text)
    {
        lock (_lanes)
        {
            if (audience.TracksCursors) NoteCursor(text);
            while (WireEvent.TryRead(ref text, out var received))
            {
                if (_lanes[received.Lane].Add(received.Number)) audience.Received(received, Stopwatch.GetTimestamp());
            }
        }
    }

    private void NoteCursor(ReadOnlySpan<byte> text)
    {
        int last = text.LastIndexOf("\"time\":\""u8);
        if (last < 0) return;
        _lastTime = ValueAfter(text[last..], "\"time\":\""u8).ToArray();
        int position = text.LastIndexOf("\"position\":\""u8);
        if (position >= 0) _lastPosition = ValueAfter(text[position..], "\"position\":\""u8).ToArray();
    }

    private static ReadOnlySpan<byte> ValueAfter(ReadOnlySpan<byte> text, ReadOnlySpan<byte> mark)
    {
        int at = text.IndexOf(mark);
        if (at < 0) return default;
        text = text[(at + mark.Length)..];
        return text[..text.IndexOf((byte)'"')];
    }
}
