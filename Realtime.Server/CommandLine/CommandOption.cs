namespace Realtime.Server.CommandLine;

/// <summary>One option of a command.</summary>
/// <param name="Name">With its dashes.</param>
/// <param name="Placeholder">What its value is called in the help; <see langword="null"/> for a switch.</param>
/// <param name="Meaning">One line.</param>
internal sealed record CommandOption(string Name, string? Placeholder, string Meaning)
{
    /// <summary>As the help shows it.</summary>
    internal string Form => Placeholder is null ? Name : $"{Name} {Placeholder}";
}
