namespace SampleTools;

/// <summary>Reads <c>--name value</c>, <c>--name=value</c> and switches, and says in one line what it does not understand.</summary>
internal sealed class Options
{
    private readonly Dictionary<string, string> _given = new(StringComparer.Ordinal);

    /// <param name="args">The command line.</param>
    /// <param name="help">The whole help text: a line that begins with two blanks and <c>--name</c> makes an option, <c>--name VALUE</c> one with a value.</param>
    /// <exception cref="UsageException">Something is not understood, or help was asked for.</exception>
    public Options(string[] args, string help)
    {
        var takesValue = help.Split('\n').Where(l => l.StartsWith("  --", StringComparison.Ordinal)).Select(l => l.Trim().Split(' ', 3))
            .ToDictionary(w => w[0], w => w.Length > 1 && w[1].Length > 1 && w[1].All(c => c is >= 'A' and <= 'Z'), StringComparer.Ordinal);
        for (int i = 0; i < args.Length; i++)
        {
            string[] parts = args[i].Split('=', 2);
            if (parts[0] is "--help" or "-h" or "-?") throw new UsageException(help, isHelp: true);
            if (parts[0].Contains(':', StringComparison.Ordinal) && parts[0].StartsWith("--", StringComparison.Ordinal))
            {
                // A setting such as --ConnectionStrings:Postgres, for those samples that have a host.
                Settings.Add($"{parts[0]}={(parts.Length == 2 ? parts[1] : i + 1 < args.Length ? args[++i] : throw new UsageException($"{parts[0]} needs a value."))}");
                continue;
            }

            if (!takesValue.TryGetValue(parts[0], out bool hasValue)) throw new UsageException($"Unknown option {args[i]}. Options: {string.Join(", ", takesValue.Keys)}.");
            if (!hasValue && parts.Length == 2) throw new UsageException($"{parts[0]} takes no value.");
            _given[parts[0]] = !hasValue ? "true" : parts.Length == 2 ? parts[1] : i + 1 < args.Length ? args[++i] : throw new UsageException($"{args[i]} needs a value.");
        }
    }

    public List<string> Settings { get; } = [];

    public bool Has(string name) => _given.ContainsKey(name);

    public string? Value(string name) => _given.GetValueOrDefault(name);
}
