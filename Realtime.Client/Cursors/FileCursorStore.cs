using System.Text.Json;
using Realtime.Client.Cursors;

namespace Realtime.Client;

/// <summary>
/// A cursor in a small JSON file. A save writes a second file, flushes it to the disk, renames it over the first and flushes
/// the folder, so a crash leaves the old cursor or the new one, also after a power cut. Use one file per client: two clients that share one overwrite each other.
/// </summary>
/// <remarks>
/// A file that is not a cursor is never taken for "no cursor", because starting anew could skip events: loading throws
/// <see cref="CursorUnreadableException"/>. On Windows the folder is not
/// flushed: a power cut just after a save may bring back the previous cursor; events repeat then, none is lost.
/// </remarks>
public sealed class FileCursorStore : ICursorStore
{
    private readonly string _path;
    private readonly string _temporaryPath;

    /// <summary>Uses a file; its folder is created with the first save.</summary>
    /// <param name="path">Path of the file, relative to the current directory or absolute.</param>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    public FileCursorStore(string path)
    {
        if (string.IsNullOrWhiteSpace(path)) throw new ArgumentException("Must name a file.", nameof(path));
        _path = Path.GetFullPath(path);
        _temporaryPath = _path + ".tmp";
    }

    /// <inheritdoc/>
    public ValueTask<StreamCursor?> LoadAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        byte[] json;
        try
        {
            json = File.ReadAllBytes(_path);
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            return new ValueTask<StreamCursor?>((StreamCursor?)null);
        }

        try
        {
            var cursor = JsonSerializer.Deserialize(json, ClientJsonContext.Default.StreamCursor);
            return new ValueTask<StreamCursor?>(cursor ?? throw new JsonException("The file holds null."));
        }
        catch (JsonException fault)
        {
            throw new CursorUnreadableException(_path, fault);
        }
    }

    /// <inheritdoc/>
    public ValueTask SaveAsync(StreamCursor cursor, CancellationToken cancellationToken)
    {
        if (cursor is null) throw new ArgumentNullException(nameof(cursor));
        cancellationToken.ThrowIfCancellationRequested();

        string folder = Path.GetDirectoryName(_path)!;
        Directory.CreateDirectory(folder);
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(cursor, ClientJsonContext.Default.StreamCursor);

        // Synchronous on purpose: a few hundred bytes, and flushing to the disk has no asynchronous form.
        using (var file = new FileStream(_temporaryPath, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            file.Write(json, 0, json.Length);
            file.Flush(flushToDisk: true);
        }

        Replace();
        DirectoryFlush.ToDisk(folder);
        return default;
    }

    private void Replace()
    {
#if NET
        File.Move(_temporaryPath, _path, overwrite: true);
#else
        if (File.Exists(_path)) File.Replace(_temporaryPath, _path, destinationBackupFileName: null);
        else File.Move(_temporaryPath, _path);
#endif
    }
}
