using System.Text;
using Realtime.Chaos.Records;

namespace Realtime.Chaos.Clients;

/// <summary>Follows a file of records while it is being written. Not thread-safe.</summary>
sealed class RecordFile(string path)
{
    readonly byte[] _buffer = new byte[64 * 1024];
    readonly StringBuilder _line = new();
    long _offset;

    internal string Path => path;

    /// <summary>Per user the sequence that was reached, from the start position on.</summary>
    internal Dictionary<string, long> Reached { get; } = [];

    internal int HeldEvents { get; private set; }

    internal void ReadOn()
    {
        if (!File.Exists(path))
            return;
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        file.Position = _offset;
        for (int count; (count = file.Read(_buffer)) > 0; _offset += count)
        {
            // Records are ASCII, except for the words of a failure.
            foreach (var c in Encoding.Latin1.GetString(_buffer, 0, count))
            {
                if (c != '\n')
                    _line.Append(c);
                else
                {
                    Take(_line.ToString());
                    _line.Clear();
                }
            }
        }
    }

    void Take(string line)
    {
        if (!RecordLines.TryRead(line, out var record))
            return;
        switch (record)
        {
            case ClientRecord.Began began: Reached[record.User] = began.Position.Sequence; break;
            case ClientRecord.Handled handled: Reached[record.User] = Math.Max(Reached.GetValueOrDefault(record.User), handled.Position.Sequence); break;
            case ClientRecord.Lost lost: Reached[record.User] = Math.Max(Reached.GetValueOrDefault(record.User), lost.Oldest.Sequence - 1); break;
            case ClientRecord.Held: HeldEvents++; break;
        }
    }
}
