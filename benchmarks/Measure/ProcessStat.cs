using System.Globalization;

namespace Realtime.Benchmarks.Measure;

/// <summary>CPU time and memory of processes as the kernel counts them, in <c>/proc</c>.</summary>
internal static class ProcessStat
{
    /// <summary>Units of /proc's times; 100 a second on every Linux that .NET runs on.</summary>
    private const int TicksPerSecond = 100;

    /// <summary>User and system time of the process itself.</summary>
    public static TimeSpan Cpu(int pid) => Read(pid) is { } stat ? ToTime(stat.Own) : TimeSpan.Zero;

    /// <summary>
    /// The same of a process with all its children, also those that have ended in the meantime: of PostgreSQL's postmaster,
    /// all backends that there were.
    /// </summary>
    public static TimeSpan CpuOfFamily(int pid)
    {
        // A child that ends while the others are read would be missed or counted twice: then once more.
        long ended;
        var children = TimeSpan.Zero;
        do
        {
            ended = Read(pid)?.Ended ?? 0;
            children = ChildrenOf(pid).Aggregate(TimeSpan.Zero, (sum, child) => sum + CpuOfOneThread(child));
        }
        while ((Read(pid)?.Ended ?? 0) != ended);
        return children + ToTime(ended) + Cpu(pid);
    }

    /// <summary>Proportional set size in bytes: pages shared with others count in part. The resident set where the kernel does not tell.</summary>
    public static long Memory(int pid)
    {
        try
        {
            foreach (string line in File.ReadLines($"/proc/{pid}/smaps_rollup"))
            {
                if (line.StartsWith("Pss:", StringComparison.Ordinal)) return KiB(line);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Another account's process, and no right to look into it.
        }

        return ResidentSet(pid);
    }

    /// <summary>Resident set in bytes, shared pages in full.</summary>
    public static long ResidentSet(int pid) =>
        File.ReadLines($"/proc/{pid}/status").Where(l => l.StartsWith("VmRSS:", StringComparison.Ordinal)).Select(KiB).FirstOrDefault();

    /// <summary>What all cores together have worked since the machine started, for everybody.</summary>
    public static TimeSpan CpuOfMachine()
    {
        // cpu user nice system idle iowait irq softirq steal; the guests' time is in user already.
        long[] fields = [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(f => long.Parse(f, CultureInfo.InvariantCulture))];
        return ToTime(fields[0] + fields[1] + fields[2] + fields[5] + fields[6] + fields[7]);
    }

    /// <summary>In nanoseconds where the kernel tells: ticks are cut off per process, and dozens of backends would lose a tick each.</summary>
    private static TimeSpan CpuOfOneThread(int pid)
    {
        try
        {
            return TimeSpan.FromMicroseconds(long.Parse(File.ReadAllText($"/proc/{pid}/schedstat").Split(' ')[0], CultureInfo.InvariantCulture) / 1_000.0);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Cpu(pid); // ended meanwhile, or a kernel without these statistics
        }
    }

    private static IEnumerable<int> ChildrenOf(int parent) => Directory.EnumerateDirectories("/proc")
        .Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? pid : 0)
        .Where(pid => pid > 0 && Read(pid)?.Parent == parent);

    private static (int Parent, long Own, long Ended)? Read(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' '); // field 3 on, as proc(5) counts them
            return ((int)Number(4), Number(14) + Number(15), Number(16) + Number(17));

            long Number(int field) => long.Parse(fields[field - 3], CultureInfo.InvariantCulture);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null; // ended between the listing and the read
        }
    }

    private static long KiB(string line) => 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

    private static TimeSpan ToTime(long ticks) => TimeSpan.FromSeconds((double)ticks / TicksPerSecond);
}
