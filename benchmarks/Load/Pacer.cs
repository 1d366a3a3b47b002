using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Realtime.Benchmarks.Load;

/// <summary>Calls back at a fixed rate, by the kernel's own timer: .NET's timers come up to a millisecond late, which would hide fast servers.</summary>
internal static class Pacer
{
    private const int Monotonic = 1;
    private const int AbsoluteTime = 1;
    private const int Interrupted = 4;

    /// <param name="perSecond">How often.</param>
    /// <param name="total">How many times.</param>
    /// <param name="act">Gets 0, 1, 2 … and when it was due; must return at once.</param>
    public static Task RunAsync(double perSecond, int total, Action<int, long> act) => Task.Factory.StartNew(
        () =>
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < total; i++)
            {
                long due = start + (long)(i / perSecond * Stopwatch.Frequency);
                SleepUntil(due);
                act(i, due);
            }
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    private static void SleepUntil(long due)
    {
        if (Stopwatch.GetTimestamp() >= due) return;

        // On Linux the stopwatch is this clock, in nanoseconds.
        var until = new TimeSpec { Seconds = (nint)(due / 1_000_000_000), Nanoseconds = (nint)(due % 1_000_000_000) };
        int fault;
        while ((fault = NanoSleep(Monotonic, AbsoluteTime, in until, 0)) == Interrupted)
        {
        }

        if (fault != 0) throw new Win32Exception(fault);
    }

    [DllImport("libc", EntryPoint = "clock_nanosleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int NanoSleep(int clock, int flags, in TimeSpec until, nint remain);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
