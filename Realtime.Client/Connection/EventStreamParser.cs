using System.Globalization;
using System.Text;

namespace Realtime.Client.Connection;

/// <summary>
/// Reads server-sent events out of bytes that arrive in any pieces, as the HTML standard has it: lines end with CR, LF or both, blocks
/// with an empty line, and a block that is cut off counts for nothing. Bounded. Not thread-safe; no I/O.
/// </summary>
internal sealed class EventStreamParser
{
    /// <summary>An event's data has at most 64 KiB; twice that, should it be escaped, and its envelope.</summary>
    internal const int MaxBlockBytes = 1024 * 1024;

    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(5);

    private readonly MemoryStream _line = new();
    private readonly MemoryStream _data = new();
    private string? _id;
    private string? _name;
    private TimeSpan? _retry;
    private bool _hasData;
    private bool _wasReturn;
    private bool _isFirstLine = true;

    /// <summary>Takes what has arrived.</summary>
    /// <param name="bytes">The next bytes of the stream.</param>
    /// <param name="count">How many of them.</param>
    /// <param name="found">Called for each block that is complete.</param>
    /// <exception cref="InvalidDataException">A block is larger than any event.</exception>
    public void Take(byte[] bytes, int count, Action<EventStreamBlock> found)
    {
        int from = 0;
        while (from < count)
        {
            if (_wasReturn && bytes[from] == '\n') from++; // the second half of a line's end
            _wasReturn = false;
            int end = EndOfLine(bytes, from, count);
            _line.Write(bytes, from, (end < 0 ? count : end) - from);
            if (_line.Length + _data.Length > MaxBlockBytes) throw new InvalidDataException("A server-sent event is larger than any event.");
            if (end < 0) return;

            _wasReturn = bytes[end] == '\r';
            from = end + 1;
            EndLine(found);
        }
    }

    private static int EndOfLine(byte[] bytes, int from, int count)
    {
        for (int i = from; i < count; i++)
        {
            if (bytes[i] is (byte)'\n' or (byte)'\r') return i;
        }

        return -1;
    }

    private void EndLine(Action<EventStreamBlock> found)
    {
        byte[] line = _line.GetBuffer();
        int length = (int)_line.Length;
        int start = _isFirstLine && length >= 3 && line[0] == 0xEF && line[1] == 0xBB && line[2] == 0xBF ? 3 : 0;
        _isFirstLine = false;
        if (length == start) EndBlock(found);
        else Field(line, start, length);
        _line.SetLength(0);
    }

    private void Field(byte[] line, int start, int length)
    {
        int colon = Array.IndexOf(line, (byte)':', start, length - start);
        if (colon == start) return; // a comment
        string name = Encoding.UTF8.GetString(line, start, (colon < 0 ? length : colon) - start);
        int value = colon < 0 ? length : colon + 1;
        if (value < length && line[value] == ' ') value++;

        switch (name)
        {
            case "data":
                if (_hasData) _data.WriteByte((byte)'\n');
                _hasData = true;
                _data.Write(line, value, length - value);
                break;
            case "id":
                _id = Encoding.UTF8.GetString(line, value, length - value);
                break;
            case "event":
                _name = Encoding.UTF8.GetString(line, value, length - value);
                break;
            case "retry":
                if (long.TryParse(Encoding.UTF8.GetString(line, value, length - value), NumberStyles.None, CultureInfo.InvariantCulture, out long ms))
                    _retry = TimeSpan.FromMilliseconds(Math.Min(ms, LongestRetry.TotalMilliseconds));
                break;
        }
    }

    private void EndBlock(Action<EventStreamBlock> found)
    {
        var block = new EventStreamBlock(_id, _name, _hasData ? _data.ToArray() : null, _retry);
        (_id, _name, _retry, _hasData) = (null, null, null, false);
        _data.SetLength(0);
        if (block is not { Id: null, Data: null, Retry: null }) found(block);
    }
}
