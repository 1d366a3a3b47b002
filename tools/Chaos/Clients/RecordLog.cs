using System.Text;
using Realtime.Chaos.Records;

namespace Realtime.Chaos.Clients;

/// <summary>
/// Appends records to a file. Each is one write that has reached the kernel when the call returns, so that a process killed
/// in the next instant has still left it. Thread-safe.
/// </summary>
sealed class RecordLog(string path) : IDisposable
{
    readonly Lock _gate = new();
    readonly FileStream _file = new(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);

    internal void Write(ClientRecord record)
    {
        var line = Encoding.UTF8.GetBytes(RecordLines.Write(record) + "\n");
        lock (_gate)
            _file.Write(line);
    }

    public void Dispose()
    {
        lock (_gate)
            _file.Dispose();
    }
}
