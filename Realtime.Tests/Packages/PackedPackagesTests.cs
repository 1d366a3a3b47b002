using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.Packages;

/// <summary>What is packed is complete, and an application that knows nothing but the packages works with them.</summary>
[Category("Integration")]
public sealed class PackedPackagesTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    static readonly string[] Names = ["Realtime.Client", "Realtime.Client.Testing", "Realtime.Contracts", "Realtime.Server"];

    PackedPackages _packages = null!;

    [OneTimeSetUp]
    public async Task Pack() => _packages = await PackedPackages.PackAsync();

    [OneTimeTearDown]
    public void Delete() => _packages?.Dispose();

    [Test]
    public void Four_projects_are_packed_and_no_other() => _packages.Names.Should().Equal(Names);

    [TestCaseSource(nameof(Names))]
    public void Package_has_readme_icon_licence_and_documentation_for_every_framework(string name)
    {
        var metadata = _packages.Metadata(name);
        using var package = _packages.Open(name);
        var files = package.Entries.Select(e => e.FullName).ToList();

        metadata["license"].Single().Value.Should().Be("MIT");
        metadata["readme"].Single().Value.Should().Be("README.md");
        metadata["icon"].Single().Value.Should().Be("icon.png");
        metadata["description"].Single().Value.Should().NotBeEmpty().And.NotBe("Package Description");
        files.Should().Contain(["README.md", "icon.png", "LICENSE"]);
        var assemblies = files.Where(f => f.EndsWith(".dll", StringComparison.Ordinal)).ToList();
        assemblies.Should().NotBeEmpty().And.OnlyContain(f => f.EndsWith($"/{name}.dll", StringComparison.Ordinal));
        files.Should().Contain(assemblies.Select(f => Path.ChangeExtension(f, ".xml")));
        files.Should().NotContain(f => f.Contains("appsettings", StringComparison.Ordinal) || f.StartsWith("content", StringComparison.Ordinal));
    }

    [TestCaseSource(nameof(Names))]
    public void Assembly_carries_its_symbols_and_is_built_deterministically(string name)
    {
        using var package = _packages.Open(name);
        foreach (var entry in package.Entries.Where(e => e.FullName.EndsWith(".dll", StringComparison.Ordinal)))
        {
            using var bytes = new MemoryStream();
            using (var stream = entry.Open()) stream.CopyTo(bytes);
            using var assembly = new PEReader(new MemoryStream(bytes.ToArray()));

            assembly.ReadDebugDirectory().Select(d => d.Type).Should().Contain([DebugDirectoryEntryType.EmbeddedPortablePdb, DebugDirectoryEntryType.Reproducible], entry.FullName);
        }
    }

    [Test]
    public void Client_brings_no_server_and_few_dependencies()
    {
        var dependencies = _packages.Metadata("Realtime.Client")["group"].Single(g => g.Attribute("targetFramework")!.Value == "net10.0").Elements().Select(d => d.Attribute("id")!.Value);

        dependencies.Should().BeEquivalentTo(
            "Realtime.Contracts", "Microsoft.AspNetCore.SignalR.Client", "Microsoft.Extensions.Diagnostics.HealthChecks", "Microsoft.Extensions.Hosting.Abstractions", "Polly.Core");
        _packages.Metadata("Realtime.Client")["group"].Select(g => g.Attribute("targetFramework")!.Value).Should().BeEquivalentTo("net10.0", ".NETStandard2.0");
        _packages.Metadata("Realtime.Client")["frameworkReference"].Should().BeEmpty();
    }

    [Test]
    public async Task Application_that_knows_only_the_packages_builds_and_receives_what_was_published()
    {
        string program = await _packages.BuildSampleAsync();
        await using var host = await RealtimeHost.StartAsync(trustTokens: false, environment: "Development");

        (await RunAsync("--server", host.Address.ToString())).Should().EndWith(["Briefing 1", "Briefing 2", "Briefing 3"], "against a server that runs");
        (await RunAsync()).Should().EndWith(["Briefing 1", "Briefing 2", "Briefing 3"], "against a server that it hosts itself");
        (await RunAsync("--test-server")).Should().EndWith(["Briefing 1", "Briefing 2", "Briefing 3"], "against the server for tests");

        async Task<IReadOnlyList<string>> RunAsync(params string[] arguments)
        {
            await using var run = await ProgramRun.StartAsync("dotnet", [program, .. arguments], _packages.SampleFolder);
            (await run.WaitForExitAsync(Patience)).Should().Be(0, string.Join('\n', run.Output));
            return run.Output;
        }
    }
}
