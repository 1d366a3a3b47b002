using System.Globalization;
using System.Runtime.InteropServices;

namespace Realtime.Harness.Processes;

/// <summary>
/// A postmaster that was killed leaves one small System V segment behind, which only its next start would free.
/// Its number stands in <c>postmaster.pid</c>, a file that only a postmaster that could not say goodbye leaves.
/// </summary>
static class SharedMemory
{
    const int RemoveSegment = 0;
    const int LineWithSegment = 6;

    internal static void ReleaseOf(string folder)
    {
        var pidFile = Path.Combine(folder, "data", "postmaster.pid");
        if (!File.Exists(pidFile))
            return;
        var lines = File.ReadAllLines(pidFile);
        var keyAndId = lines.Length > LineWithSegment ? lines[LineWithSegment].Split(' ', StringSplitOptions.RemoveEmptyEntries) : [];
        if (keyAndId.Length == 2 && int.TryParse(keyAndId[1], NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            _ = Control(id, RemoveSegment, IntPtr.Zero);
    }

    [DllImport("libc", EntryPoint = "shmctl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int Control(int id, int command, IntPtr buffer);
}
