using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Text;

namespace Realtime.Benchmarks.Load;

/// <summary>One client: its connection, which may be cut and made again, and what it has received. Thread-safe.</summary>
internal sealed class Listener(Audience audience, int user, int lanes) : IHubReceiver, IDisposable
{
    private readonly LaneLog[] _lanes = [.. Enumerable.Range(0, lanes).Select(_ => new LaneLog())];
    private HubSocket? _socket;
    private TaskCompletionSource? _headAsked;
    private byte[] _lastPosition = [];
    private long _lastSequence;
    private readonly Dictionary<long, (byte[] Position, byte[] Time)> _ahead = [];
    private byte[] _lastTime = [];

    public int User => user;

    public IReadOnlyList<LaneLog> Lanes => _lanes;

    /// <summary>Position of the last event received without a gap before it; empty where there are none.</summary>
    public string LastPosition => Encoding.ASCII.GetString(_lastPosition);

    /// <summary>Its time, verbatim; where there are no positions, that of the last event received.</summary>
    public string LastTime => Encoding.ASCII.GetString(_lastTime);

    /// <summary>What the server said last.</summary>
    public byte[] Head { get; private set; } = [];

    /// <summary>Whether there is a gap in what was received, or the head is beyond it.</summary>
    public bool MissesEvents
    {
        get
        {
            lock (_lanes) return _ahead.Count > 0 || SequenceOf(Head) > _lastSequence;
        }
    }

    public bool IsClosed => _socket?.IsClosed ?? true;

    public async Task ConnectAsync(IPEndPoint server, string? token, int index) =>
        _socket = await HubSocket.ConnectAsync(server, WireEvent.UserName(user), token, this, index);

    public void Ping() => _socket?.Ping();

    /// <summary>Takes nothing out of its socket until <see cref="ReadOn"/>.</summary>
    public void StopReading() => _socket!.StopReading();

    public void ReadOn() => _socket!.ReadOn();

    /// <summary>Cuts the connection.</summary>
    public void Dispose() => _socket?.Dispose();

    /// <summary>
    /// Our clients ask for the head when the handshake is answered, as the client package does, and have joined when they know it;
    /// those of SignalR alone know no more than the handshake's answer.
    /// </summary>
    public bool OnRecord(HubSocket socket, ReadOnlySpan<byte> record)
    {
        if (record.StartsWith("{\"type\":6"u8)) return false;
        if (record.StartsWith("{\"type\":3"u8))
        {
            Head = ValueAfter(record, "\"result\":\""u8).ToArray();
            if (Head.Length == 0) throw new IOException($"No head: {Encoding.UTF8.GetString(record)}");
            Interlocked.Exchange(ref _headAsked, null)?.TrySetResult();
            return true;
        }

        if (record.Length == 2) // {}: the handshake's answer
        {
            if (audience.AsksHead) socket.AskHead();
            return !audience.AsksHead;
        }

        if (record.StartsWith("{\"type\":1,\"target\":\"ReceiveHead\""u8)) Head = ValueAfter(record, "\"arguments\":[\""u8).ToArray();
        else Take(record);
        return false;
    }

    /// <summary>Asks for the head once more and waits for the answer.</summary>
    public Task AskHeadAsync()
    {
        var answer = _headAsked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _socket!.AskHead();
        return answer.Task.WaitAsync(TimeSpan.FromSeconds(30));
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
        if (!audience.HasPositions)
        {
            int last = text.LastIndexOf("\"time\":\""u8);
            if (last >= 0) _lastTime = ValueAfter(text[last..], "\"time\":\""u8).ToArray();
            return;
        }

        for (int at = text.IndexOf("\"position\":\""u8); at >= 0; at = text.IndexOf("\"position\":\""u8))
        {
            text = text[at..];
            var position = ValueAfter(text, "\"position\":\""u8);
            text = text[position.Length..];
            long sequence = SequenceOf(position);
            if (sequence <= _lastSequence) continue;
            _ahead[sequence] = (position.ToArray(), ValueAfter(text, "\"time\":\""u8).ToArray());
            while (_ahead.Remove(_lastSequence + 1, out var next))
            {
                _lastSequence++;
                (_lastPosition, _lastTime) = next;
            }
        }
    }

    private static long SequenceOf(ReadOnlySpan<byte> position) =>
        Utf8Parser.TryParse(position[(position.IndexOf((byte)'.') + 1)..], out long sequence, out _) ? sequence : 0;

    private static ReadOnlySpan<byte> ValueAfter(ReadOnlySpan<byte> text, ReadOnlySpan<byte> mark)
    {
        int at = text.IndexOf(mark);
        if (at < 0) return default;
        text = text[(at + mark.Length)..];
        return text[..text.IndexOf((byte)'"')];
    }
}
