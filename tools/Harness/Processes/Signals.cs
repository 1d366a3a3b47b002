using System.Runtime.InteropServices;

namespace Realtime.Harness.Processes;

/// <summary>The POSIX signals the harness sends, by their Linux numbers.</summary>
enum Signal
{
    Interrupt = 2,
    Quit = 3,
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}

static class Signals
{
    /// <summary>Sends a signal; a process that has already gone is no error.</summary>
    internal static void Send(int pid, Signal signal) => _ = Kill(pid, (int)signal);

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int Kill(int pid, int signal);
}
