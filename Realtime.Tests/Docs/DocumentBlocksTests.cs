using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Realtime.Harness;
using Realtime.Tests.Repository;
using Realtime.Tests.Support;

namespace Realtime.Tests.Docs;

/// <summary>
/// Every block of code in every document is checked by something, and this is the list of what. The first words of its fence say which:
/// <c>sh run</c> is run, <c>python publish.py</c> is a file that a run needs, <c>csharp</c> is compiled; the rest is below.
/// </summary>
public sealed partial class DocumentBlocksTests
{
    /// <param name="Document">Its path, or null for all.</param>
    /// <param name="Language">First word of the fence.</param>
    /// <param name="Info">What the rest of the fence begins with.</param>
    /// <param name="By">The test that checks such blocks.</param>
    sealed record Check(string? Document, string Language, string Info, string By);

    /// <summary>The first that fits counts.</summary>
    static readonly Check[] Checks =
    [
        new("docs/publish-from-sql.md", "sql", "", nameof(PublishFromSqlTests.Every_example_does_what_the_document_says_and_a_client_sees_what_was_committed_in_order)),
        new("docs/publish-from-sql.md", "python", "", nameof(PublishFromSqlTests.Every_example_does_what_the_document_says_and_a_client_sees_what_was_committed_in_order)),
        new("docs/security/redis-packages-database.md", "sql", "", nameof(DeployFilesTests.The_roles_of_the_compose_file_are_those_of_the_document)),
        new("docs/authentication.md", "json", "settings", nameof(AuthenticationPageTests.Every_block_of_settings_is_taken)),
        new("docs/authentication.md", "json", "token", nameof(AuthenticationPageTests.Tokens_of_the_shape_shown_are_taken_with_the_settings_beside_them)),
        new("docs/protocol.md", "json", "event", nameof(ProtocolPageTests.The_transcripts_are_what_a_real_server_says_byte_by_byte)),
        new("docs/protocol.md", "wire", "", nameof(ProtocolPageTests.The_transcripts_are_what_a_real_server_says_byte_by_byte)),
        new("docs/protocol.md", "json", "golden", nameof(ProtocolPageTests.The_golden_vector_is_one_of_those_that_both_clients_run)),
        new("docs/operations.md", "yaml", "kubernetes", nameof(DeployFilesTests.Whoever_stops_a_node_waits_longer_than_it_drains)),
        new(null, "csharp", "", nameof(Every_block_of_csharp_is_compiled)),
        new(null, "json", "", nameof(Every_block_of_json_can_be_read)),
        new(null, "sh", "run", nameof(DocumentRunTests.The_documents_commands_do_what_they_say)),
        new(null, "sh", "", nameof(Every_command_of_this_repository_exists)),
        new(null, "js", "", nameof(JavaScriptBlocksTests.Every_block_is_JavaScript_and_uses_what_the_client_offers)),
        new(null, "ts", "", nameof(JavaScriptBlocksTests.Every_block_is_JavaScript_and_uses_what_the_client_offers)),
    ];

    static readonly IReadOnlyList<Markdown.CodeBlock> Blocks = [.. Markdown.Documents().SelectMany(Markdown.CodeBlocks)];

    [Test]
    public void Every_block_of_code_is_checked_by_a_test_that_exists()
    {
        var tests = typeof(DocumentBlocksTests).Assembly.GetTypes().SelectMany(t => t.GetMethods(BindingFlags.Public | BindingFlags.Instance))
            .Where(m => m.IsDefined(typeof(TestAttribute)) || m.IsDefined(typeof(TestCaseAttribute)) || m.IsDefined(typeof(TestCaseSourceAttribute))).Select(m => m.Name).ToHashSet(StringComparer.Ordinal);

        Blocks.Should().HaveCountGreaterThan(50);
        Blocks.Where(b => !IsFileOfARun(b) && CheckOf(b) is null).Select(b => b.ToString()).Should().BeEmpty("each is checked: see the list in this test");
        Checks.Select(c => c.By).Where(name => !tests.Contains(name)).Should().BeEmpty();
        Checks.Where(c => c.Document is not null && !Blocks.Any(b => CheckOf(b) == c)).Should().BeEmpty("what checks nothing any more is to go");
    }

    [Test]
    public void Every_block_of_csharp_is_compiled()
    {
        string compiled = string.Join('\n', TrackedFiles.All()
            .Where(path => path.EndsWith(".cs", StringComparison.Ordinal) && (path.StartsWith("Realtime.Tests/Docs/", StringComparison.Ordinal) || path.StartsWith("samples/", StringComparison.Ordinal)))
            .Select(path => Markdown.WithoutIndent(TrackedFiles.Read(path))));

        foreach (var block in Blocks.Where(b => b.Language == "csharp" && !IsFileOfARun(b)))
        {
            foreach (string paragraph in Markdown.WithoutIndent(block.Code).Trim().Split("\n\n"))
                compiled.Should().Contain(paragraph, "{0} is what Realtime.Tests/Docs or a sample compiles", block);
        }
    }

    [Test]
    public void Every_block_of_json_can_be_read()
    {
        foreach (var block in Blocks.Where(b => b.Language == "json"))
        {
            var read = () => JsonDocument.Parse(block.Code).Dispose();
            read.Should().NotThrow(block.ToString());
        }
    }

    [Test]
    public void Every_command_of_this_repository_exists()
    {
        foreach (var block in Blocks.Where(b => b.Language == "sh" && !IsFileOfARun(b) && CheckOf(b)?.By == nameof(Every_command_of_this_repository_exists)))
        {
            foreach (string line in block.Code.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n').Select(l => Comment().Replace(l, string.Empty).Trim()).Where(l => l.Length > 0))
                FaultOf(line).Should().BeNull("{0} says: {1}", block, line);
        }
    }

    [Test]
    public void Everything_a_document_links_to_exists()
    {
        foreach (string document in Markdown.Documents())
        {
            string text = TrackedFiles.Read(document);
            string folder = Path.GetDirectoryName(Path.Combine(RepositoryPaths.Root, document))!;
            var broken = Link().Matches(WithoutCode(text)).Select(m => m.Groups["target"].Value)
                .Where(target => !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith("mailto:", StringComparison.Ordinal))
                .Where(target => !Exists(folder, document, target));
            broken.Should().BeEmpty("{0} links to them", document);
        }
    }

    static bool Exists(string folder, string document, string target)
    {
        string[] parts = target.Split('#', 2);
        string path = parts[0].Length == 0 ? Path.Combine(RepositoryPaths.Root, document) : Path.Combine(folder, parts[0]);
        if (!Path.Exists(path)) return false;
        return parts.Length == 1 || !path.EndsWith(".md", StringComparison.Ordinal) || Heading().Matches(File.ReadAllText(path)).Any(h => Anchor(h.Groups["text"].Value.Trim()) == parts[1]);
    }

    /// <summary>As GitHub makes it of a heading.</summary>
    static string Anchor(string heading) => string.Concat(heading.ToLowerInvariant().Where(c => char.IsLetterOrDigit(c) || c is ' ' or '-' or '_')).Replace(' ', '-');

    static string WithoutCode(string text) => Fence().Replace(text, string.Empty);

    static Check? CheckOf(Markdown.CodeBlock block) => Array.Find(Checks, c =>
        (c.Document is null || c.Document == block.Document) && c.Language == block.Language && block.Info.Split(' ')[0].StartsWith(c.Info, StringComparison.Ordinal));

    static bool IsFileOfARun(Markdown.CodeBlock block) => block.Info.Contains('.', StringComparison.Ordinal) && DocumentRunTests.Documents.Contains(block.Document);

    /// <summary>What is wrong with a command that is only shown; null when all that it names is there.</summary>
    static string? FaultOf(string line)
    {
        string[] words = [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where((w, i) => i > 0 || w != "export").SkipWhile(w => Assignment().IsMatch(w))];
        switch (words)
        {
            case ["dotnet", "run", "--project", var project, ..]:
                return Directory.Exists(Path.Combine(RepositoryPaths.Root, project)) ? null : $"{project} does not exist";
            case ["dotnet", "Realtime.Server.dll", "schema", "upgrade", ..] or ["dotnet", "pack" or "add", ..] or ["docker", "compose", ..] or ["npm", ..] or ["kill", ..] or [] or ["curl", "-N", ..]:
                return null;
            case ["haproxy", "-f", var configuration]:
                return File.Exists(Path.Combine(RepositoryPaths.Root, configuration)) ? null : $"{configuration} does not exist";
            case ["cp", var source, _]:
                return File.Exists(Path.Combine(RepositoryPaths.Root, source)) ? null : $"{source} does not exist";
            case [var script, .. var options] when script.EndsWith(".sh", StringComparison.Ordinal):
                string path = Path.Combine(RepositoryPaths.Root, script);
                return File.Exists(path) || File.Exists(Path.Combine(RepositoryPaths.Root, "benchmarks", script)) ? null : $"{script} does not exist";
            default:
                return "nobody checks such a command: run it (```sh run), or teach this test what it names";
        }
    }

    [GeneratedRegex(@"(^|\s+)#.*$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Comment();

    [GeneratedRegex("^[A-Za-z_0-9]+=", RegexOptions.NonBacktracking)]
    private static partial Regex Assignment();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Link();

    [GeneratedRegex("^#+ (?<text>.*)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Heading();

    [GeneratedRegex("^```.*?^```$", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex Fence();
}
