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
        // The parent last: a child that ends in between is then counted twice rather than not at all, which a retry sorts out.
        long parent, children;
        do
        {
            parent = Read(pid)?.Ended ?? 0;
            children = ChildrenOf(pid).Sum(child => Read(child)?.Own ?? 0);
        }
        while ((Read(pid)?.Ended ?? 0) != parent);
        return ToTime(children + parent + (Read(pid)?.Own ?? 0));
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

        return File.ReadLines($"/proc/{pid}/status").Where(l => l.StartsWith("VmRSS:", StringComparison.Ordinal)).Select(KiB).FirstOrDefault();
    }

    /// <summary>What all cores together have worked since the machine started, for everybody.</summary>
    public static TimeSpan CpuOfMachine()
    {
        // cpu user nice system idle iowait irq softirq steal; the guests' time is in user already.
        long[] fields = [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(f => long.Parse(f, CultureInfo.InvariantCulture))];
        return ToTime(fields[0] + fields[1] + fields[2] + fields[5] + fields[6] + fields[7]);
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
