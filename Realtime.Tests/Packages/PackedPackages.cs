using System.IO.Compression;
using System.Xml.Linq;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.Packages;

/// <summary>The packages as `dotnet pack` makes them of what was built, in a folder of their own beside a copy of the sample that takes them.</summary>
sealed class PackedPackages : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("realtime-packages-");

    /// <summary>Never the same, so that no cache knows it.</summary>
    internal string Version { get; } = $"0.1.0-test.{Guid.NewGuid():N}";

    internal string SampleFolder => Path.Combine(_folder.FullName, "samples", "FromPackage");

    string Feed => Path.Combine(_folder.FullName, "artifacts", "packages");

    internal IReadOnlyList<string> Names =>
        [.. Directory.GetFiles(Feed).Select(f => Path.GetFileName(f)!.Replace($".{Version}.nupkg", string.Empty, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    internal static async Task<PackedPackages> PackAsync()
    {
        var packages = new PackedPackages();
        await RunAsync("pack", "Realtime.sln", "--no-build", "-c", RepositoryPaths.Configuration, "-o", packages.Feed,
            $"-p:PackageVersion={packages.Version}", "-p:BuildDashboard=false", "-nologo", "-v", "minimal");
        return packages;
    }

    internal ZipArchive Open(string name) => ZipFile.OpenRead(Path.Combine(Feed, $"{name}.{Version}.nupkg"));

    /// <summary>The metadata of a package: elements by their name.</summary>
    internal ILookup<string, XElement> Metadata(string name)
    {
        using var package = Open(name);
        using var stream = package.GetEntry($"{name}.nuspec")!.Open();
        return XDocument.Load(stream).Descendants().ToLookup(e => e.Name.LocalName);
    }

    /// <summary>Builds a copy of the sample outside the repository. Its packages go to a folder of its own; those of others are taken from where they are already.</summary>
    /// <returns>The built program.</returns>
    internal async Task<string> BuildSampleAsync()
    {
        Directory.CreateDirectory(SampleFolder);
        foreach (string file in Directory.GetFiles(Path.Combine(RepositoryPaths.Root, "samples", "FromPackage"))) File.Copy(file, Path.Combine(SampleFolder, Path.GetFileName(file)));
        string known = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        await RunAsync("build", SampleFolder, "-c", "Release", "-o", Path.Combine(_folder.FullName, "out"), "-nologo", "-v", "minimal",
            $"-p:RealtimeVersion={Version}", $"-p:RestorePackagesPath={Path.Combine(_folder.FullName, "restored")}", $"-p:RestoreFallbackFolders={known}",
            "-p:UseSharedCompilation=false");
        return Path.Combine(_folder.FullName, "out", "FromPackage.dll");
    }

    public void Dispose() => _folder.Delete(recursive: true);

    static async Task RunAsync(params string[] arguments)
    {
        await using var run = await ProgramRun.StartAsync("dotnet", arguments);
        int status = await run.WaitForExitAsync(Patience);
        status.Should().Be(0, string.Join('\n', run.Output.TakeLast(30)));
        run.Output.Where(l => l.Contains("warning", StringComparison.Ordinal)).Should().NotContain(l => l.Contains("NU5", StringComparison.Ordinal) || l.Contains("CP0", StringComparison.Ordinal));
    }
}
