using System.Text.Json;
using Realtime.Harness;

namespace Realtime.Tests.CommandLine;

/// <summary>The server's executable, run as an operator or a script does.</summary>
static class Commands
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    internal static async Task<CommandRun> RunAsync(params string[] arguments)
    {
        await using var run = await ProgramRun.StartProjectAsync("Realtime.Server", arguments);
        int exitCode = await run.WaitForExitAsync(Patience);
        return new CommandRun(exitCode, run.Output);
    }

    /// <summary>With <c>--json</c>, which is one document and nothing else, whatever happens.</summary>
    internal static async Task<(int ExitCode, JsonElement Document)> RunJsonAsync(params string[] arguments)
    {
        var run = await RunAsync([.. arguments, "--json"]);
        using var document = JsonDocument.Parse(run.Lines.Should().ContainSingle().Subject);
        return (run.ExitCode, document.RootElement.Clone());
    }
}

/// <summary>What a command ended with and wrote, standard output and error together.</summary>
sealed record CommandRun(int ExitCode, IReadOnlyList<string> Lines)
{
    internal string Text => string.Join('\n', Lines);

    /// <summary>The line of a check or fault that begins so.</summary>
    internal string Line(string begin) => Lines.FirstOrDefault(l => l.StartsWith(begin, StringComparison.Ordinal)) ?? throw new AssertionException($"No line begins with '{begin}':\n{Text}");
}
