using SampleTools;

namespace ExactlyOnce;

/// <summary>What the command line says.</summary>
internal sealed record Settings(SignIn SignIn, string Database, bool IsApart)
{
    private const string Help = $"""
        ExactlyOnce: books each event of one user exactly once in a SQLite database, however often it is killed.

        {SignIn.Help}
          --database FILE   where it books; exactly-once.db
          --apart           effect and cursor in two transactions, as with any other store: after a kill some effects happen twice
          --help            this text

        Exit codes: 0 ended by Ctrl+C, 1 cannot work, 2 wrong command line.
        """;

    /// <exception cref="UsageException">Something is not understood, or help was asked for.</exception>
    public static Settings Parse(string[] args)
    {
        var options = new Options(args, Help);
        return new Settings(new SignIn(options), options.Value("--database") ?? "exactly-once.db", options.Has("--apart"));
    }
}
