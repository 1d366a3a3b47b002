using Realtime.Harness.Processes;

namespace Realtime.Harness;

/// <summary>
/// A private folder below the system's temporary folder, removed on dispose. The owner holds a lock on a file beside
/// it, which the kernel lets go when the owner dies however it dies; whoever makes the next folder removes those
/// whose lock is free, and ends what still runs inside them (a process stopped by SIGSTOP outlives its parent).
/// </summary>
public sealed class TempFolder : IDisposable
{
    /// <summary>How the name of every folder made here begins.</summary>
    public const string Prefix = "realtime-harness-";

    const string LockSuffix = ".lock";

    readonly FileStream _lock;

    TempFolder(string path, FileStream heldLock)
    {
        Path = path;
        _lock = heldLock;
    }

    /// <summary>Full path of the folder.</summary>
    public string Path { get; }

    /// <summary>Makes a folder that only this user can read, after removing those of dead processes.</summary>
    /// <param name="kind">Goes into the name, so that a listing of the temporary folder can be read.</param>
    public static TempFolder Create(string kind)
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("The private servers run on Linux (also WSL).");
        RemoveStale();
        while (true)
        {
            var path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"{Prefix}{kind}-{Guid.NewGuid().ToString("N")[..8]}");
            if (TryLock(path + LockSuffix, FileMode.CreateNew) is not { } heldLock)
                continue;
            // Somebody cleaning up may have met the lock file in the instant before it was locked, and removed it.
            if (!File.Exists(path + LockSuffix))
            {
                heldLock.Dispose();
                continue;
            }
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return new TempFolder(path, heldLock);
        }
    }

    /// <summary>Removes the folders of processes that no longer live.</summary>
    public static void RemoveStale()
    {
        foreach (var lockPath in Directory.EnumerateFiles(System.IO.Path.GetTempPath(), Prefix + "*" + LockSuffix))
        {
            using var heldLock = TryLock(lockPath, FileMode.Open);
            if (heldLock is not null)
                Remove(lockPath[..^LockSuffix.Length]);
        }
    }

    public void Dispose()
    {
        Remove(Path);
        _lock.Dispose();
    }

    static void Remove(string path)
    {
        foreach (var pid in ProcessTable.WorkingBelow(path))
            Signals.Send(pid, Signal.Kill);
        SharedMemory.ReleaseOf(path);
        // A process that is just ending can still create a file while its folder is being emptied.
        for (var attempt = 1; Directory.Exists(path); attempt++)
        {
            try
            {
                Directory.Delete(path, recursive: true);
            }
            catch (IOException) when (attempt < 50)
            {
                Thread.Sleep(20);
            }
        }
        File.Delete(path + LockSuffix);
    }

    static FileStream? TryLock(string path, FileMode mode)
    {
        try
        {
            return new FileStream(path, mode, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Held by a living owner, taken by another cleaner, or another user's: not ours to remove.
            return null;
        }
    }
}
