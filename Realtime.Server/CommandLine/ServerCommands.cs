using Realtime.Server.CommandLine.Doctor;
using Realtime.Server.CommandLine.Verify;
using Realtime.Server.EventStore;
using Realtime.Server.EventStore.Schema;

namespace Realtime.Server.CommandLine;

/// <summary>
/// The subcommands of the server's executable: finds the one that is meant, and turns whatever happens to it into one line and an exit
/// code. Without a command the executable is the server.
/// </summary>
internal static class ServerCommands
{
    internal static readonly IReadOnlyList<ServerCommand> All =
        [DoctorCommand.Command, VerifyCommand.Command, EpochCommand.Show, EpochCommand.Renew, SchemaCommand.Upgrade];

    /// <summary>Whether a command, or help, is asked for; everything else starts the server. A misspelt command must not.</summary>
    internal static bool IsMeant(string[] args) =>
        args is [var first, ..] && (IsHelp(first) || IsVersion(first) || (first.Length > 0 && first[0] is not ('-' or '/') && !first.Contains('=', StringComparison.Ordinal)));

    internal static async Task<int> RunAsync(string[] args)
    {
        var output = new CommandOutput(args.Contains("--json", StringComparer.OrdinalIgnoreCase));
        using var interruption = new Interruption();
        try
        {
            if (IsVersion(args[0])) return Say(output, new { version = ReleaseName.Full }, ReleaseName.Full);
            if (IsHelp(args[0])) return Say(output, Help.Document(All), Help.Of(All));

            var (command, options) = Find(args);
            if (command is null) throw new UsageException(Unknown(args));
            var arguments = CommandArguments.Parse(command, options);
            if (arguments.Has("--help")) return Say(output, Help.Document([command]), Help.Of(command));

            var builder = WebApplication.CreateBuilder([.. arguments.Settings]);
            builder.Logging.ClearProviders(); // the result is all there is to read
            return await command.RunAsync(new CommandContext(arguments, output, builder, TimeProvider.System, interruption));
        }
        catch (UsageException fault)
        {
            return output.Fail($"{fault.Message} See: Realtime.Server {CommandNameOf(args)}--help", ExitCode.Usage);
        }
        catch (OperationCanceledException) when (interruption.ExitCode != 0)
        {
            return output.Fail("Interrupted.", interruption.ExitCode);
        }
        catch (RealtimeConfigurationException fault)
        {
            return output.Fail(fault.Message);
        }
        catch (Exception fault) when (fault is CommandFailedException or StoreUnavailableException or SchemaTooNewException or DatabaseRightsException)
        {
            return output.Fail(CommandOutput.OneLine(fault.Message));
        }
        catch (InvalidDataException fault)
        {
            // A settings file that is no JSON: the reader's own words name the line.
            return output.Fail(CommandOutput.OneLine($"{fault.Message} {fault.InnerException?.InnerException?.Message ?? fault.InnerException?.Message}"));
        }
        catch (Exception fault)
        {
            // Nobody reads a stack trace at a prompt; the type names what to report.
            return output.Fail(CommandOutput.OneLine($"{CommandNameOf(args)}failed: {fault.Message} ({fault.GetType().Name})"));
        }
    }

    private static int Say<T>(CommandOutput output, T document, string text)
    {
        output.Result(document, text);
        return ExitCode.Success;
    }

    private static (ServerCommand? Command, string[] Options) Find(string[] args)
    {
        foreach (var command in All)
        {
            string[] words = command.Name.Split(' ');
            if (args.Length >= words.Length && args.AsSpan(0, words.Length).SequenceEqual(words)) return (command, args[words.Length..]);
        }

        // The first word of two, with --help: the help of both.
        return args is ["epoch", "--help" or "-h"] ? (EpochCommand.Renew, ["--help"]) : args is ["schema", "--help" or "-h"] ? (SchemaCommand.Upgrade, ["--help"]) : (null, []);
    }

    private static string Unknown(string[] args)
    {
        var family = All.Where(c => c.Name.StartsWith(args[0] + " ", StringComparison.Ordinal)).Select(c => c.Name).ToList();
        return family.Count > 0
            ? $"Usage: {string.Join(" | ", family)}."
            : $"Usage: there is no command '{args[0]}'; there are {string.Join(", ", All.Select(c => c.Name))}. Without a command the server starts.";
    }

    private static string CommandNameOf(string[] args) => Find(args).Command is { } command ? command.Name + " " : string.Empty;

    private static bool IsHelp(string arg) => arg is "--help" or "-h" or "-?" or "/?" or "help";

    private static bool IsVersion(string arg) => arg is "--version";
}
