using Realtime.Harness;

namespace Realtime.Tests.Repository;

/// <summary>What is committed, or would be: everything below the working copy but what is built, installed or ignored.</summary>
static class TrackedFiles
{
    static readonly string[] Skipped = [".git", "bin", "obj", "node_modules", "artifacts", "TestResults", "dist", "wwwroot", ".vs", ".idea", ".vscode"];

    /// <summary>Paths from the working copy's top folder, with slashes.</summary>
    internal static IEnumerable<string> All() => Below(RepositoryPaths.Root).Select(path => Path.GetRelativePath(RepositoryPaths.Root, path).Replace('\\', '/'));

    internal static string Read(string path) => File.ReadAllText(Path.Combine(RepositoryPaths.Root, path));

    static IEnumerable<string> Below(string folder) => Directory.EnumerateFiles(folder)
        .Concat(Directory.EnumerateDirectories(folder).Where(d => !Skipped.Contains(Path.GetFileName(d))).SelectMany(Below));
}
