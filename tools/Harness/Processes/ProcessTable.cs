using System.Globalization;

namespace Realtime.Harness.Processes;

/// <summary>Reads Linux's <c>/proc</c>: who is whose child, and who works where. Processes come and go while it reads.</summary>
static class ProcessTable
{
    /// <summary>Whether the process still runs; one that ended but was not collected by its parent does not.</summary>
    internal static bool IsRunning(int pid) => Read(pid) is { State: not ('Z' or 'X') };

    /// <summary>Whether SIGSTOP has taken effect.</summary>
    internal static bool IsStopped(int pid) => Read(pid) is { State: 'T' or 't' };

    internal static IReadOnlyList<int> ChildrenOf(int parent) =>
        [.. All().Where(pid => Read(pid) is { State: not ('Z' or 'X') } process && process.Parent == parent)];

    /// <summary>Processes whose current directory is this folder or lies below it.</summary>
    internal static IReadOnlyList<int> WorkingBelow(string folder) => [.. All().Where(pid => WorksBelow(pid, folder))];

    static IEnumerable<int> All() =>
        Directory.Exists("/proc")
            ? Directory.EnumerateDirectories("/proc")
                .Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
                .Where(pid => pid > 0)
            : [];

    static (char State, int Parent)? Read(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            // The name, in parentheses, may itself contain spaces and parentheses.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (fields[0][0], int.Parse(fields[1], CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process ended between the listing and the read.
            return null;
        }
    }

    static bool WorksBelow(int pid, string folder)
    {
        try
        {
            // A folder removed under a process reads "path (deleted)", which is still ours.
            var target = new FileInfo($"/proc/{pid}/cwd").LinkTarget;
            return target is not null && (target == folder || target.StartsWith(folder + "/", StringComparison.Ordinal)
                || target.StartsWith(folder + " ", StringComparison.Ordinal));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Ended, or another user's process and so none that we started.
            return false;
        }
    }
}
