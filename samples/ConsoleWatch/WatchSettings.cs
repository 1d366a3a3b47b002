using System.Globalization;
using Realtime.Client;
using Realtime.Contracts;
using SampleTools;
using Spectre.Console;

namespace ConsoleWatch;

/// <summary>What the command line says.</summary>
internal sealed record WatchSettings(SignIn SignIn, string? CursorFile, StartFrom StartFrom, bool IsReplay, bool IsJson)
{
    private const string Help = $"""
        ConsoleWatch: watches one user's agents live, and misses nothing while the server or the network is away.

        {SignIn.Help}
          --from WHERE      cursor (where it stopped; else the head), start (the oldest event), head (only new ones), or a position such as k3f9.42
          --since TIME      events after a time: 2026-11-23T03:27:00Z, or ago: 90s, 15m, 2h, 3d
          --cursor FILE     keeps the place there, so that the next run goes on where this one stopped
          --json            one event a line, as JSON; what happens to the connection goes to standard error
          --help            this text

        On a terminal: a live view. In a pipe or file: a line per event, and lines beginning with -- for the connection.
        NO_COLOR switches colours off. Exit codes: 0 ended by Ctrl+C, 1 cannot work (refused token, other user), 2 wrong command line.
        """;

    /// <exception cref="UsageException">Something is not understood, or help was asked for.</exception>
    public static WatchSettings Parse(string[] args)
    {
        var options = new Options(args, Help);
        return new WatchSettings(new SignIn(options), options.Value("--cursor"), StartOf(options), IsReplayOf(options), options.Has("--json"));
    }

    public IWatchView ViewOf(AgentEventsClient client) =>
        IsJson ? new JsonView(client, SignIn)
        : AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected ? new LiveView(client, SignIn)
        : new LineView(client, SignIn);

    private static StartFrom StartOf(Options options)
    {
        if (options.Has("--from") && options.Has("--since")) throw new UsageException("Either --from or --since, not both.");
        if (options.Value("--since") is { } since) return StartFrom.Since(TimeOf(since));
        return options.Value("--from") switch
        {
            null or "cursor" => StartFrom.Cursor,
            "start" => options.Has("--cursor") ? StartFrom.CursorElse(StartFrom.Beginning) : StartFrom.Beginning,
            "head" => StartFrom.Head,
            var text when StreamPosition.TryParse(text, out var position) => StartFrom.After(position),
            _ => throw new UsageException("--from must be cursor, start, head or a position such as k3f9.42."),
        };
    }

    /// <summary>Whether the past was asked for, and not merely where the last run stopped.</summary>
    private static bool IsReplayOf(Options options) =>
        options.Has("--since") || (options.Value("--from") is { } from && from != "cursor" && !(from == "start" && options.Value("--cursor") is { } file && File.Exists(file)));

    private static DateTimeOffset TimeOf(string text)
    {
        if (text.Length > 1 && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count < 1_000_000)
        {
            var now = TimeProvider.System.GetUtcNow();
            if (text[^1] == 's') return now.AddSeconds(-count);
            if (text[^1] == 'm') return now.AddMinutes(-count);
            if (text[^1] == 'h') return now.AddHours(-count);
            if (text[^1] == 'd') return now.AddDays(-Math.Min(count, 100_000));
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var time) && text.Length >= "2026-11-23".Length
            ? time
            : throw new UsageException("--since must be a time such as 2026-11-23T03:27:00Z, or how long ago: 90s, 15m, 2h, 3d.");
    }
}
