namespace Realtime.Server.CommandLine;

/// <summary>A subcommand of the server's executable.</summary>
/// <param name="Name">One or two words.</param>
/// <param name="Summary">One line.</param>
/// <param name="Details">What the help says besides, without the options.</param>
/// <param name="Options">Its own options; settings of the server (<c>--Section:Key value</c>) are understood by all.</param>
/// <param name="RunAsync">Does it, and returns the exit code.</param>
internal sealed record ServerCommand(
    string Name, string Summary, string Details, IReadOnlyList<CommandOption> Options, Func<CommandContext, Task<int>> RunAsync)
{
    /// <summary>What every command understands.</summary>
    internal static readonly IReadOnlyList<CommandOption> CommonOptions =
    [
        new("--json", null, "one JSON document on standard output, also when it fails"),
        new("--help", null, "this text"),
    ];

    internal IEnumerable<CommandOption> AllOptions => Options.Concat(CommonOptions);
}
