#if NET
using System.Runtime.InteropServices;
using System.Text;
#endif

namespace Realtime.Client.Cursors;

/// <summary>
/// Brings a folder's entries to the disk: on Unix a rename survives a power cut only when its folder was flushed too. Windows,
/// and frameworks before .NET 5, have no such call.
/// </summary>
internal static class DirectoryFlush
{
#if NET
    private const int ReadOnly = 0;
    private const int AccessDenied = 13; // a folder that may be written but not listed cannot be opened, and so not flushed
    private const int InvalidArgument = 22; // the file system cannot flush folders: it has nothing to flush, or no way to say so

    /// <exception cref="IOException">The disk did not take it.</exception>
    public static void ToDisk(string folder)
    {
        if (OperatingSystem.IsWindows()) return;

        int descriptor = Open(Encoding.UTF8.GetBytes(folder + '\0'), ReadOnly);
        if (descriptor < 0 && Marshal.GetLastPInvokeError() == AccessDenied) return;
        if (descriptor < 0) throw Failure(folder);
        try
        {
            if (Flush(descriptor) != 0 && Marshal.GetLastPInvokeError() != InvalidArgument) throw Failure(folder);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static IOException Failure(string folder) =>
        new($"The folder '{folder}' could not be flushed to the disk: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Flush(int descriptor);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int descriptor);
#else
    public static void ToDisk(string folder) => _ = folder;
#endif
}
