using System.Text;

namespace Realtime.Server.CommandLine;

/// <summary>The help texts, and the same for programs.</summary>
internal static class Help
{
    private const string ExitCodes = """
        Exit codes: 0 done (warnings allowed), 1 something is wrong or could not be done, 2 the command line is wrong,
        130 interrupted (Ctrl+C), 143 terminated. Errors are one line on standard error, or {"error": ...} with --json.
        """;

    internal static string Of(IReadOnlyList<ServerCommand> commands)
    {
        var text = new StringBuilder("Realtime.Server: durable, ordered delivery of agent events.\n\n");
        text.Append("  Realtime.Server [--Section:Key VALUE ...]             starts the server\n");
        foreach (var command in commands) text.Append($"  Realtime.Server {command.Name,-15} [options]             {command.Summary}\n");
        text.Append("  Realtime.Server COMMAND --help                        options of a command\n");
        text.Append("  Realtime.Server --version                             what is installed\n\n");
        text.Append("Settings come from appsettings.json, the environment (ConnectionStrings__Postgres) and the command line\n");
        text.Append("(--ConnectionStrings:Postgres VALUE), the same for the server and for every command.\n\n");
        return text.Append(ExitCodes).ToString().TrimEnd();
    }

    internal static string Of(ServerCommand command)
    {
        var text = new StringBuilder($"Realtime.Server {command.Name}: {command.Summary}\n\n{command.Details.TrimEnd()}\n\nOptions:\n");
        CommandOption[] options = [.. command.AllOptions, new("--Section:Key", "VALUE", "a setting of the server, such as --ConnectionStrings:Postgres")];
        int width = options.Max(o => o.Form.Length);
        foreach (var option in options) text.Append($"  {option.Form.PadRight(width)}  {option.Meaning}\n");
        text.Append('\n');
        return text.Append(ExitCodes).ToString().TrimEnd();
    }

    internal static object Document(IReadOnlyList<ServerCommand> commands) => new
    {
        version = ReleaseName.Full,
        commands = commands.Select(c => new
        {
            name = c.Name,
            summary = c.Summary,
            options = c.AllOptions.Select(o => new { name = o.Name, value = o.Placeholder, meaning = o.Meaning }),
        }),
    };
}
