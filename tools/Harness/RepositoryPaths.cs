using System.Reflection;

namespace Realtime.Harness;

/// <summary>Where things lie in the working copy this assembly was built from.</summary>
public static class RepositoryPaths
{
    /// <summary>The folder that holds <c>Realtime.sln</c>.</summary>
    /// <exception cref="HarnessException">The assembly runs outside a working copy.</exception>
    public static string Root { get; } = FindRoot();

    /// <summary><c>Debug</c> or <c>Release</c>, as this assembly was built; what it starts must be built alike.</summary>
    public static string Configuration { get; } =
        typeof(RepositoryPaths).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()?.Configuration ?? "Debug";

    /// <summary>Full path of a project's built assembly, for example <c>("Realtime.Server", "Realtime.Server.dll")</c>.</summary>
    public static string BuiltAssembly(string projectFolder, string fileName) =>
        Path.Combine(Root, projectFolder, "bin", Configuration, "net10.0", fileName);

    static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Realtime.sln")))
                return folder.FullName;
        throw new HarnessException($"No Realtime.sln above {AppContext.BaseDirectory}.");
    }
}
