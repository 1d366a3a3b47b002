using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Server;
using Realtime.Tests.Repository;

namespace Realtime.Tests.Docs;

/// <summary>The failure table of docs/operations.md is complete: whatever a user can meet stands in it, with what to do.</summary>
public sealed partial class OperationsPageTests
{
    static readonly string Page = TrackedFiles.Read("docs/operations.md");

    [TestCase(typeof(RealtimeServerRegistration), "Realtime.Server.Telemetry.ServerLog", "The server's log")]
    [TestCase(typeof(AgentEventsClient), "Realtime.Client.Telemetry.ClientLog", "A client's log")]
    public void Every_warning_and_error_of_a_log_is_explained(Type ofAssembly, string log, string section)
    {
        var ids = ofAssembly.Assembly.GetType(log, throwOnError: true)!.GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
            .Select(m => m.GetCustomAttribute<LoggerMessageAttribute>()).Where(a => a?.Level >= LogLevel.Warning).Select(a => a!.EventId).ToList();
        var explained = Rows(section).SelectMany(row => Number().Matches(row[0]).Select(n => int.Parse(n.Value, System.Globalization.CultureInfo.InvariantCulture))).ToList();

        ids.Should().HaveCountGreaterThan(15);
        explained.Should().OnlyHaveUniqueItems().And.Contain(ids);
    }

    [Test]
    public void Every_type_of_problem_is_explained_with_its_status()
    {
        var types = Constants(typeof(ProblemTypes)).Select(t => t.Split(':')[^1]);

        Rows("Answers").Select(row => Code().Match(row[0]).Groups["text"].Value).Should().BeEquivalentTo(types);
        Rows("Answers").Should().OnlyContain(row => row[0].Trim().StartsWith('4') || row[0].Trim().StartsWith('5'));
    }

    [Test]
    public void Every_error_of_the_hub_is_explained() =>
        Rows("Hub errors").Select(row => Code().Match(row[0]).Groups["text"].Value).Should().BeEquivalentTo(Constants(typeof(HubErrors)));

    [Test]
    public void Every_health_check_is_explained()
    {
        string health = TrackedFiles.Read("Realtime.Server/Api/Health.cs");
        var checks = CheckName().Matches(health).Select(m => m.Groups["name"].Value).ToList();

        checks.Should().HaveCountGreaterThan(4);
        foreach (string check in checks) Rows("Health").Should().Contain(row => row[0].Contains($"`{check}` unhealthy", StringComparison.Ordinal) || row[0].Contains($"`{check}` degraded", StringComparison.Ordinal), check);
    }

    [Test]
    public void Every_row_says_what_it_means_and_what_to_do() =>
        new[] { "Health", "Answers", "Hub errors", "The server's log", "A client's log" }.SelectMany(Rows).Should().OnlyContain(row => row.Length == 3 && row.All(cell => cell.Trim().Length > 0));

    /// <summary>The cells of the table below a heading.</summary>
    static List<string[]> Rows(string section)
    {
        string text = Page[Page.IndexOf($"### {section}\n", StringComparison.Ordinal)..];
        int end = text.IndexOf("\n#", 4, StringComparison.Ordinal);
        return [.. (end < 0 ? text : text[..end]).Split('\n').Where(l => l.StartsWith('|')).Skip(2).Select(l => l.Trim('|', ' ').Split('|'))];
    }

    static IEnumerable<string> Constants(Type type) => type.GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!);

    [GeneratedRegex("[0-9]+", RegexOptions.NonBacktracking)]
    private static partial Regex Number();

    [GeneratedRegex("`(?<text>[^`]+)`", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Code();

    [GeneratedRegex("AddCheck<[A-Za-z]+>\\(\"(?<name>[a-z]+)\"", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex CheckName();
}
