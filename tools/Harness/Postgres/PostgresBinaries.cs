using System.Globalization;
using Realtime.Harness.Processes;

namespace Realtime.Harness;

/// <summary>Where a full PostgreSQL installation lies: Debian's versioned folders first (newest), then PATH.</summary>
static class PostgresBinaries
{
    const string Versions = "/usr/lib/postgresql";

    /// <summary>The folder that holds postgres, initdb and psql.</summary>
    /// <exception cref="HarnessException">There is none.</exception>
    internal static string Find() => Find(Versions, Executables.Folders);

    internal static string Find(string versions, IEnumerable<string> path) =>
        Versioned(versions).Concat(path.Select(BehindLinks)).FirstOrDefault(IsComplete)
        ?? throw new HarnessException("PostgreSQL is not installed. Install it with: apt-get install -y postgresql");

    static IEnumerable<string> Versioned(string versions) =>
        Directory.Exists(versions)
            ? Directory.EnumerateDirectories(versions)
                .OrderByDescending(folder => double.TryParse(Path.GetFileName(folder), NumberStyles.Float, CultureInfo.InvariantCulture, out var version) ? version : 0)
                .Select(folder => Path.Combine(folder, "bin"))
            : [];

    /// <summary>A link to postgres alone is common; the programs beside what it points to are what counts.</summary>
    static string BehindLinks(string folder)
    {
        var postgres = new FileInfo(Path.Combine(folder, "postgres"));
        return postgres.Exists && postgres.ResolveLinkTarget(returnFinalTarget: true) is { } target
            ? Path.GetDirectoryName(target.FullName)!
            : folder;
    }

    static bool IsComplete(string folder) =>
        ((string[])["postgres", "initdb", "psql"]).All(name => File.Exists(Path.Combine(folder, name)));
}
