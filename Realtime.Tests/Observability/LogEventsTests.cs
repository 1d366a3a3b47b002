using System.Reflection;
using Microsoft.Extensions.Logging;
using Realtime.Client.Telemetry;
using Realtime.Harness;
using Realtime.Server.Telemetry;

namespace Realtime.Tests.Observability;

/// <summary>
/// The event ids of the log are a contract with whoever searches it. With the environment variable WRITE_LOG_EVENTS=1 the test
/// writes the page instead of comparing it.
/// </summary>
public sealed class LogEventsTests
{
    const string Head =
        """
        # Log events

        Every line of the server and of the client for .NET has an event id that stays the same, whatever becomes of its words: search, count and
        alert by it. No line holds a token. Ids of the server and of the client are apart; the category tells them (`Realtime.Server.*`,
        `Realtime.Client`). This page is written by a test (`CONTRIBUTING.md`).

        *Critical*: the process ends. *Error*: something was given up, or is a fault in the code. *Warning*: somebody should know, and it goes
        on. *Information*: a change of state. *Debug*: for whoever looks for a cause.
        """;

    static readonly string Page = Path.Combine(RepositoryPaths.Root, "docs", "log-events.md");

    [TestCase(typeof(ServerLog))]
    [TestCase(typeof(ClientLog))]
    public void No_two_lines_have_the_same_id_and_every_line_has_one(Type log)
    {
        var ids = LinesOf(log).Select(line => line.EventId).ToList();

        ids.Should().HaveCountGreaterThan(20).And.OnlyHaveUniqueItems().And.NotContain(-1).And.NotContain(0);
    }

    [Test]
    public void The_page_of_log_events_has_exactly_the_lines_there_are()
    {
        string expected = $"{Head}\n\n## Server\n\n{Table(typeof(ServerLog))}\n\n## Client for .NET\n\n{Table(typeof(ClientLog))}\n";
        if (Environment.GetEnvironmentVariable("WRITE_LOG_EVENTS") == "1") File.WriteAllText(Page, expected);

        File.ReadAllText(Page).Should().Be(expected, "WRITE_LOG_EVENTS=1 writes it anew");
    }

    static string Table(Type log) => string.Join('\n', LinesOf(log).OrderBy(line => line.EventId)
        .Select(line => $"| {line.EventId} | {line.Level} | {line.Message.Replace("|", "\\|", StringComparison.Ordinal)} |")
        .Prepend("| --- | --- | --- |").Prepend("| id | level | line |"));

    static List<LoggerMessageAttribute> LinesOf(Type log) =>
        [.. log.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic).Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()).OfType<LoggerMessageAttribute>()];
}
