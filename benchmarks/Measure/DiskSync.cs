using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Realtime.Benchmarks.Measure;

/// <summary>What one commit costs the disk that PostgreSQL writes to: 4 KiB written and synchronised.</summary>
internal static class DiskSync
{
    private const int Attempts = 200;
    private const int Bytes = 4096;

    /// <summary>The median in microseconds.</summary>
    public static double MedianMicroseconds()
    {
        // The private PostgreSQL keeps its data below the temporary folder too.
        using var file = File.OpenHandle(
            Path.Combine(Path.GetTempPath(), $"realtime-benchmark-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.DeleteOnClose);
        byte[] page = new byte[Bytes];
        for (int i = 0; i < Attempts; i++) RandomAccess.Write(file, page, (long)i * Bytes);
        var took = new double[Attempts];
        for (int i = 0; i < Attempts; i++)
        {
            long start = Stopwatch.GetTimestamp();
            RandomAccess.Write(file, page, (long)i * Bytes); // into space that exists, as PostgreSQL writes its log
            if (SyncData(file) != 0) throw new Win32Exception(Marshal.GetLastPInvokeError());
            took[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }

        return took.Order().ElementAt(Attempts / 2);
    }

    [DllImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SyncData(SafeFileHandle file);
}
