using System.Text.RegularExpressions;
using System.Xml.Linq;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Server;
using Realtime.Tests.Repository;
using Realtime.Tests.Support;

namespace Realtime.Tests.Docs;

/// <summary>What can be said of Dockerfile, compose.yaml and deploy/ without a container engine.</summary>
public sealed partial class DeployFilesTests
{
    static readonly string Dockerfile = TrackedFiles.Read("Dockerfile");
    static readonly string Compose = TrackedFiles.Read("compose.yaml");

    [Test]
    public void Everything_the_image_is_built_from_is_copied_and_exists()
    {
        var copied = Copy().Matches(Dockerfile).SelectMany(m => m.Groups["paths"].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries).SkipLast(1)).ToList();
        copied.Should().HaveCountGreaterThan(10).And.OnlyContain(path => Path.Exists(Path.Combine(RepositoryPaths.Root, path)));

        // What is built: the server and what it refers to, each restored from its lock file.
        foreach (string project in WithReferences("Realtime.Server/Realtime.Server.csproj"))
        {
            string folder = Path.GetDirectoryName(project)!;
            copied.Should().Contain([project, $"{folder}/packages.lock.json", $"{folder}/"]);
        }

        // What every build reads.
        var shared = Directory.EnumerateFiles(RepositoryPaths.Root).Select(Path.GetFileName)
            .Where(f => f!.EndsWith(".props", StringComparison.Ordinal) || f.EndsWith(".targets", StringComparison.Ordinal) || f is "global.json" or ".editorconfig" or "BannedSymbols.txt");
        copied.Should().Contain(shared!);

        var kept = TrackedFiles.Read(".dockerignore").Split('\n').Where(l => l.StartsWith('!')).Select(l => l[1..]).ToList();
        copied.Should().OnlyContain(path => kept.Any(k => k.EndsWith('*') ? path.StartsWith(k.TrimEnd('*'), StringComparison.Ordinal) : path == k || path.StartsWith(k, StringComparison.Ordinal)), "the rest never reaches the build");
    }

    [Test]
    public void The_image_has_no_root_no_shell_and_takes_signals()
    {
        string last = Dockerfile[Dockerfile.LastIndexOf("\nFROM", StringComparison.Ordinal)..];

        last.Should().Contain("-chiseled").And.Contain("USER $APP_UID").And.Contain("ENTRYPOINT [\"dotnet\", \"Realtime.Server.dll\"]").And.NotContain("\nRUN ");
        Dockerfile.Should().Contain("--locked-mode").And.Contain("Not yet run in a container");
        Compose.Should().Contain("Not yet run in a container");
    }

    [Test]
    public void Every_variable_of_the_compose_file_is_in_the_example_and_every_file_it_mounts_exists()
    {
        var example = Assignment().Matches(TrackedFiles.Read("deploy/example.env")).Select(m => m.Groups["name"].Value);

        Variable().Matches(Compose).Select(m => m.Groups["name"].Value).Distinct().Should().BeEquivalentTo(example);
        var mounted = Mount().Matches(Compose).Select(m => m.Groups["path"].Value).ToList();
        mounted.Should().HaveCount(2).And.OnlyContain(path => File.Exists(Path.Combine(RepositoryPaths.Root, path)));
    }

    [Test]
    public void Whoever_stops_a_node_waits_longer_than_it_drains()
    {
        double atLeast = new RealtimeOptions().DrainWindow.TotalSeconds + 5;
        string kubernetes = Markdown.CodeBlocks("docs/operations.md").Single(b => b.Info == "kubernetes").Code;

        Seconds(Compose, "stop_grace_period: ").Should().BeGreaterThan(atLeast);
        Seconds(kubernetes, "terminationGracePeriodSeconds: ").Should().BeGreaterThan(atLeast);
        kubernetes.Should().Contain(Routes.Live).And.Contain(Routes.Ready);
    }

    [Test]
    public void The_roles_of_the_compose_file_are_those_of_the_document()
    {
        string documented = Markdown.CodeBlocks("docs/security/redis-packages-database.md").First(b => b.Language == "sql").Code;
        string script = TrackedFiles.Read("deploy/postgres-roles.sh");

        foreach (string line in documented.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            script.Should().Contain(line.StartsWith("create role", StringComparison.Ordinal) ? line.Split('\'')[0] : line);
    }

    static IEnumerable<string> WithReferences(string project) => XDocument.Load(Path.Combine(RepositoryPaths.Root, project)).Descendants("ProjectReference")
        .Select(r => Path.GetRelativePath(RepositoryPaths.Root, Path.Combine(RepositoryPaths.Root, Path.GetDirectoryName(project)!, r.Attribute("Include")!.Value)))
        .SelectMany(WithReferences).Prepend(project).Distinct();

    static double Seconds(string text, string before) => double.Parse(
        string.Concat(text[(text.IndexOf(before, StringComparison.Ordinal) + before.Length)..].TakeWhile(char.IsDigit)), System.Globalization.CultureInfo.InvariantCulture);

    [GeneratedRegex("^COPY (?!--from)(?<paths>.*)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Copy();

    [GeneratedRegex(@"\$\{(?<name>[A-Z_]+)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Variable();

    [GeneratedRegex("^(?<name>[A-Z_]+)=", RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Assignment();

    [GeneratedRegex(@"\./(?<path>deploy/[^:]+):", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Mount();
}
