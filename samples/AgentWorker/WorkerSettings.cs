using System.Globalization;
using Realtime.Contracts;
using SampleTools;
using Spectre.Console;

namespace AgentWorker;

/// <summary>What the command line says.</summary>
internal sealed record WorkerSettings(SignIn SignIn, int Runs, TimeSpan Pause, int FailurePercent, IWorkerView View, IReadOnlyList<string> HostSettings)
{
    private const string Help = $"""
        AgentWorker: publishes made-up agent runs, step by step, and halts within one step of the user's emergency brake.

        {SignIn.Help}
          --runs COUNT      how many runs; 3
          --pause MS        about how long a step takes; 1000
          --failures PERCENT  how many steps fail; 5
          --json            one line per event, as JSON
          --help            this text
          --ConnectionStrings:Postgres VALUE  (and ...:Redis) publishes through the store itself instead of HTTP

        On a terminal: runs with their progress. NO_COLOR switches colours off.
        Exit codes: 0 all runs published, 1 cannot work, 2 wrong command line, 130 ended by Ctrl+C before.
        """;

    /// <exception cref="UsageException">Something is not understood, or help was asked for.</exception>
    public static WorkerSettings Parse(string[] args)
    {
        var options = new Options(args, Help);
        return new WorkerSettings(
            new SignIn(options, subject: "agent-worker", Scopes.Publish, Scopes.ReadBrake),
            Number(options, "--runs", 3, 1_000_000), TimeSpan.FromMilliseconds(Number(options, "--pause", 1000, 3_600_000)), Number(options, "--failures", 5, 100),
            options.Has("--json") ? new JsonWorkerView()
                : AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected ? new LiveWorkerView()
                : new LineWorkerView(),
            options.Settings);
    }

    private static int Number(Options options, string name, int fallback, int most) => options.Value(name) switch
    {
        null => fallback,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= most => number,
        var text => throw new UsageException($"{name} must be a whole number up to {most}, not '{text}'."),
    };
}
