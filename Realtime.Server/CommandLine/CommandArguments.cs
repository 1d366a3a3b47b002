namespace Realtime.Server.CommandLine;

/// <summary>
/// A command line taken apart: a command's own options, and settings of the server, which are passed on to its configuration. Taken
/// apart here because the configuration's own reader lets a switch swallow whatever follows it.
/// </summary>
internal sealed class CommandArguments
{
    /// <summary>Settings of the host that carry no colon.</summary>
    private static readonly string[] HostSettings = ["--environment", "--contentRoot", "--urls"];

    private readonly List<(string Name, string? Value)> _given = [];

    private CommandArguments()
    {
    }

    /// <summary>For the configuration: <c>--Section:Key=value</c> each.</summary>
    internal List<string> Settings { get; } = [];

    /// <exception cref="UsageException">Something is not understood.</exception>
    internal static CommandArguments Parse(ServerCommand command, ReadOnlySpan<string> args)
    {
        var parsed = new CommandArguments();
        for (int i = 0; i < args.Length; i++)
        {
            string arg = args[i] is "-h" or "-?" or "/?" ? "--help" : args[i];
            int equals = arg.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? arg : arg[..equals];
            var option = command.AllOptions.FirstOrDefault(o => string.Equals(o.Name, name, StringComparison.OrdinalIgnoreCase));
            bool isSetting = option is null && IsSetting(name);
            if (option is null && !isSetting) throw Unknown(command, arg);

            string? value = equals < 0 ? null : arg[(equals + 1)..];
            if (option is { Placeholder: null } && value is not null) throw new UsageException($"{option.Name} takes no value.");
            if (value is null && (isSetting || option!.Placeholder is not null))
            {
                if (i + 1 == args.Length) throw new UsageException($"{name} needs a value{(option is null ? string.Empty : $": {option.Form}")}.");
                value = args[++i];
            }

            if (isSetting) parsed.Settings.Add($"--{name.TrimStart('-')}={value}");
            else parsed._given.Add((option!.Name, value));
        }

        return parsed;
    }

    internal bool Has(string option) => _given.Exists(g => g.Name == option);

    /// <summary>The last value given.</summary>
    internal string? Value(string option) => _given.FindLast(g => g.Name == option).Value;

    internal IReadOnlyList<string> Values(string option) => [.. _given.Where(g => g.Name == option).Select(g => g.Value!)];

    private static bool IsSetting(string name) =>
        name.Contains(':', StringComparison.Ordinal) || HostSettings.Contains(name, StringComparer.OrdinalIgnoreCase);

    private static UsageException Unknown(ServerCommand command, string arg)
    {
        string options = string.Join(", ", command.AllOptions.Select(o => o.Name));
        return new UsageException(arg.StartsWith('-')
            ? $"{command.Name} has no option {arg}. It has {options}; settings of the server look like --ConnectionStrings:Postgres VALUE."
            : $"{command.Name} does not understand '{arg}'. Its options are {options}.");
    }
}
