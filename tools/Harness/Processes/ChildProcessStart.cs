namespace Realtime.Harness.Processes;

/// <summary>What to run, and how it ends when this process does.</summary>
sealed record ChildProcessStart(string FileName, params IReadOnlyList<string> Arguments)
{
    internal required string WorkingDirectory { get; init; }

    /// <value>Null removes a variable that would be inherited.</value>
    internal IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <value>The account to run as; null for the present one. Only root can name another.</value>
    internal string? Account { get; init; }

    /// <value>What the kernel sends the child when this process dies.</value>
    internal Signal OnParentDeath { get; init; } = Signal.Kill;

    /// <value>Written to standard input, which is then closed.</value>
    internal string Input { get; init; } = "";

    /// <value>How many lines of output are kept.</value>
    internal int OutputCapacity { get; init; } = 2_000;
}
