using Realtime.Harness;
using Realtime.Server.CommandLine;
using Realtime.Server.CommandLine.Verify;

namespace Realtime.Tests.CommandLine;

/// <summary>docs/command-line.md names every command and fault there is, and stays short.</summary>
public sealed class CommandLinePageTests
{
    static readonly string[] Page = File.ReadAllLines(Path.Combine(RepositoryPaths.Root, "docs", "command-line.md"));

    [Test]
    public void Every_command_and_every_kind_of_fault_is_on_the_page()
    {
        string text = string.Join('\n', Page);

        ServerCommands.All.Select(c => $"| `{c.Name}` |").Should().OnlyContain(name => text.Contains(name, StringComparison.Ordinal));
        Enum.GetNames<FaultKind>().Select(k => $"`{k.ToLowerInvariant()}`").Should().OnlyContain(kind => text.Contains(kind, StringComparison.Ordinal));
    }

    [Test]
    public void The_page_has_at_most_a_hundred_lines() => Page.Should().HaveCountLessThanOrEqualTo(100);
}
