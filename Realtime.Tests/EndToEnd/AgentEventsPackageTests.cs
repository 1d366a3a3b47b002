using System.Globalization;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.EndToEnd;

/// <summary>The npm package as somebody gets it: packed, installed in an empty folder, compiled against and run.</summary>
[Category("Integration")]
public sealed class AgentEventsPackageTests
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    static readonly string Web = Path.Combine(RepositoryPaths.Root, "web");

    [Test]
    public async Task The_packed_package_is_installed_compiled_against_and_receives_events()
    {
        using var folder = TempFolder.Create("npm");
        await RunAsync("node", Web, "package/build.mjs");
        await RunAsync("npm", Web, "pack", "./package", "--pack-destination", folder.Path);
        string tarball = Directory.GetFiles(folder.Path, "*.tgz").Should().ContainSingle().Which;
        foreach (string file in new[] { "watch.mjs", "types.ts" })
            File.Copy(Path.Combine(RepositoryPaths.Root, "samples", "web-watch", file), Path.Combine(folder.Path, file));
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "package.json"), """{"name":"consumer","private":true,"type":"module"}""").WithinDeadline();
        await RunAsync("npm", folder.Path, "install", "--prefer-offline", "--no-audit", "--no-fund", tarball);

        string installed = Path.Combine(folder.Path, "node_modules", "@realtime", "agent-events");
        Directory.EnumerateFileSystemEntries(installed).Select(Path.GetFileName).Should().BeEquivalentTo("package.json", "README.md", "LICENSE", "dist");
        Directory.EnumerateFiles(Path.Combine(installed, "dist")).Should().OnlyContain(f => f.EndsWith(".js", StringComparison.Ordinal) || f.EndsWith(".d.ts", StringComparison.Ordinal));
        await RunAsync("node", folder.Path, Path.Combine(Web, "node_modules", "typescript", "bin", "tsc"),
            "--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom", "--types", "", "types.ts");

        await using var host = await RealtimeHost.StartAsync(trustTokens: false, environment: "Development");
        await using var watch = await ProgramRun.StartAsync("node", ["watch.mjs", host.Address.ToString(), "demo"], folder.Path);
        await Eventually.Async("the sample is live", () => watch.Output.Contains("# live"), Patience);
        using var anybody = host.ClientWith(token: null);
        using var issued = await anybody.PostAsync(Routes.DevTokens, Samples.Json("""{"userId":"worker","scopes":["events:publish"]}""")).WithinDeadline();
        using var worker = host.ClientWith((await issued.JsonAsync()).GetProperty("accessToken").GetString());
        for (int i = 0; i < 3; i++)
        {
            using var published = await worker.PostAsync(Routes.Events, Samples.Json(Samples.Step("demo").ToJsonString())).WithinDeadline();
            published.EnsureSuccessStatusCode();
        }

        await Eventually.Async("the sample prints what was published", () => Sequences(watch).Length == 3, Patience);
        Sequences(watch).Should().Equal(1, 2, 3);
    }

    static int[] Sequences(ProgramRun watch) =>
    [
        .. watch.Output.Where(line => line.Contains(" agent.step_completed ", StringComparison.Ordinal))
            .Select(line => int.Parse(line.Split(' ')[0].Split('.')[1], CultureInfo.InvariantCulture)),
    ];

    static async Task RunAsync(string program, string folder, params string[] arguments)
    {
        await using var run = await ProgramRun.StartAsync(program, arguments, folder);
        int code = await run.WaitForExitAsync(Patience);
        code.Should().Be(0, string.Join('\n', run.Output));
    }
}
