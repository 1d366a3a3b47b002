namespace Realtime.Harness.Processes;

/// <summary>Finds programs the way a shell does.</summary>
static class Executables
{
    /// <summary>Folders of PATH, then those of administration tools, which a user's PATH often lacks.</summary>
    internal static IEnumerable<string> Folders =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Concat(["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"])
            .Distinct();

    internal static string? FindOnPath(string name) =>
        Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
