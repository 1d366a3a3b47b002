using Realtime.Harness;

namespace Realtime.Chaos.Cluster;

/// <summary>Builds the server a second time, under a higher version, without touching the first build.</summary>
static class NewerBuild
{
    const string Version = "99.0.0";
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Returns the path of its assembly.</summary>
    internal static async Task<string> MakeAsync(string folder, CancellationToken ct)
    {
        await using var build = await ProgramRun.StartAsync("dotnet",
        [
            "build", Path.Combine(RepositoryPaths.Root, "Realtime.Server"), "-c", RepositoryPaths.Configuration, "-v", "quiet", "--artifacts-path", folder,
            $"-p:Version={Version}", "-p:BuildDashboard=false", "-p:UseSharedCompilation=false", "-nodeReuse:false",
        ]);
        if (await build.WaitForExitAsync(Patience, ct) != 0)
            throw new HarnessException("The newer build of the server failed:\n" + string.Join('\n', build.Output));
        return Directory.EnumerateFiles(Path.Combine(folder, "bin"), "Realtime.Server.dll", SearchOption.AllDirectories)
            .First(path => path.Contains(Path.DirectorySeparatorChar + "Realtime.Server" + Path.DirectorySeparatorChar, StringComparison.Ordinal));
    }
}
