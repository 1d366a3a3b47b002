using System.Text.Json;
using System.Xml.Linq;
using Realtime.Harness;

namespace Realtime.Tests.Repository;

/// <summary>Which packages are taken is written down with their hashes, and not from where.</summary>
public sealed class SupplyChainTests
{
    [Test]
    public void Every_project_has_a_lock_file_with_a_hash_for_every_package_and_no_address()
    {
        // One sample takes what was packed a moment ago, which has a new hash each time.
        var projects = TrackedFiles.All().Where(path => path.EndsWith(".csproj", StringComparison.Ordinal) && !path.StartsWith("samples/FromPackage/", StringComparison.Ordinal)).ToList();

        projects.Should().HaveCountGreaterThan(10);
        foreach (string project in projects)
        {
            string path = Path.Combine(Path.GetDirectoryName(project)!, "packages.lock.json");
            string text = TrackedFiles.Read(path);
            text.Should().NotContain("://", path);
            using var json = JsonDocument.Parse(text);
            foreach (var package in json.RootElement.GetProperty("dependencies").EnumerateObject().SelectMany(framework => framework.Value.EnumerateObject()))
            {
                if (package.Value.GetProperty("type").GetString() != "Project")
                    package.Value.GetProperty("contentHash").GetString().Should().NotBeNullOrEmpty($"{package.Name} in {path}");
            }
        }
    }

    [Test]
    public void The_lock_file_of_the_pages_has_a_hash_for_every_package_and_no_address()
    {
        string text = TrackedFiles.Read("web/package-lock.json");

        text.Should().NotContain("\"resolved\"");
        using var json = JsonDocument.Parse(text);
        var packages = json.RootElement.GetProperty("packages").EnumerateObject().Where(p => p.Name.Length > 0).ToList();
        packages.Should().NotBeEmpty();
        packages.Where(p => !p.Value.TryGetProperty("integrity", out _)).Select(p => p.Name).Should().BeEmpty();
    }

    [Test]
    public void Known_vulnerabilities_also_of_indirect_packages_are_errors_and_ci_takes_only_what_is_locked()
    {
        var properties = XDocument.Load(Path.Combine(RepositoryPaths.Root, "Directory.Build.props")).Descendants().ToLookup(e => e.Name.LocalName);

        properties["NuGetAudit"].Single().Value.Should().Be("true");
        properties["NuGetAuditMode"].Single().Value.Should().Be("all");
        properties["NuGetAuditLevel"].Single().Value.Should().Be("low");
        properties["WarningsAsErrors"].Single().Value.Split(';').Should().Contain(["NU1901", "NU1902", "NU1903", "NU1904"]);
        properties["RestorePackagesWithLockFile"].Single().Value.Should().Be("true");
        properties["RestoreLockedMode"].Single().Attribute("Condition")!.Value.Should().Contain("$(CI)");
    }
}
