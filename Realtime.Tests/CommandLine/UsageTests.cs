namespace Realtime.Tests.CommandLine;

/// <summary>What every command has in common: help, wrong command lines, one line for an error, the exit codes of docs/command-line.md.</summary>
[Category("Integration")]
public sealed class UsageTests
{
    [TestCase("there is no command 'docter'", "docter")]
    [TestCase("doctor has no option --ulr", "doctor", "--ulr", "http://x")]
    [TestCase("--url must be a URL", "doctor", "--url", "x")]
    [TestCase("--user must be", "verify", "--user", "a b")]
    [TestCase("--user needs a value", "verify", "--user")]
    [TestCase("epoch show | epoch renew", "epoch", "rename")]
    [TestCase("pass --yes", "epoch", "renew")]
    public async Task A_wrong_command_line_is_one_line_and_2(string expected, params string[] arguments)
    {
        var run = await Commands.RunAsync(arguments);

        run.ExitCode.Should().Be(2);
        run.Lines.Should().ContainSingle().Which.Should().Contain(expected).And.Contain("--help");
    }

    [TestCase("--help")]
    [TestCase("doctor", "--help")]
    [TestCase("verify", "--help")]
    [TestCase("epoch", "renew", "--help")]
    [TestCase("schema", "upgrade", "-h")]
    public async Task Help_names_options_and_exit_codes_and_fits_into_a_terminal(params string[] arguments)
    {
        var run = await Commands.RunAsync(arguments);

        run.ExitCode.Should().Be(0);
        run.Text.Should().Contain("Exit codes: 0 done").And.Contain("2 the command line is wrong").And.Contain("--help");
        run.Lines.Should().OnlyContain(l => l.Length <= 132);
    }

    [Test]
    public async Task With_json_a_failure_is_a_document_too()
    {
        var (exitCode, document) = await Commands.RunJsonAsync("verify", "--Storage:SqlitePath=/nowhere/realtime.db");

        exitCode.Should().Be(1);
        document.GetProperty("status").GetString().Should().Be("failed");
        document.GetProperty("error").GetString().Should().Contain("/nowhere/realtime.db").And.Contain("Storage:SqlitePath");
    }

    [Test]
    public async Task A_switch_does_not_swallow_the_setting_that_follows_it()
    {
        var (exitCode, document) = await Commands.RunJsonAsync("epoch", "show", "--json", "--Storage:SqlitePath", "/nowhere/realtime.db");

        exitCode.Should().Be(1);
        document.GetProperty("error").GetString().Should().Contain("/nowhere/realtime.db");
    }
}
