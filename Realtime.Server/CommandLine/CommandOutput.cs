using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace Realtime.Server.CommandLine;

/// <summary>
/// What a command says. Results go to standard output, what is wrong to standard error; with <c>--json</c> there is one document on
/// standard output and nothing else. Colours and tables only on a terminal, and no colours with <c>NO_COLOR</c>.
/// </summary>
internal sealed class CommandOutput(bool isJson)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // for programs and people, not for pages
    };

    internal bool IsJson => isJson;

    /// <summary>Whether somebody looks at standard output.</summary>
    internal bool IsTerminal { get; } = !isJson && !Console.IsOutputRedirected;

    /// <summary>Whether somebody can be asked.</summary>
    internal bool CanAsk { get; } = !isJson && !Console.IsOutputRedirected && !Console.IsInputRedirected;

    internal static void Line(string text) => Console.Out.WriteLine(text);

    internal static void ErrorLine(string text) => Console.Error.WriteLine(text);

    /// <summary>The result, in either form.</summary>
    internal void Result<T>(T document, string text)
    {
        if (isJson) Document(document);
        else Line(text);
    }

    internal static void Document<T>(T document) => Console.Out.WriteLine(JsonSerializer.Serialize(document, Json));

    /// <summary>What went wrong and what to do, in one line.</summary>
    /// <returns>The exit code.</returns>
    internal int Fail(string why, int exitCode = ExitCode.Failed)
    {
        if (isJson) Document(new { status = "failed", error = why, exitCode });
        else ErrorLine(why);
        return exitCode;
    }

    /// <summary>For whoever looks at the terminal. Not used where there is none: it would fold lines.</summary>
    internal static IAnsiConsole Terminal => AnsiConsole.Console;

    internal static string OneLine(string text) => text.ReplaceLineEndings(" ").Trim();
}
