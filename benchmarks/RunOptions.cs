using System.Globalization;
using Realtime.Benchmarks.Scenarios;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks;

/// <summary>The command line.</summary>
internal sealed record RunOptions
{
    public IReadOnlyList<string> Scenarios { get; init; } = [];

    public int Rounds { get; init; } = 3;

    public Scale Scale { get; init; } = new(1);

    /// <summary>Server processes of each system.</summary>
    public int Nodes { get; init; } = 1;

    /// <summary>Only these; by default all that the scenario compares.</summary>
    public IReadOnlyList<SystemKind> Systems { get; init; } = [];

    /// <summary>Whether the table goes into docs/performance.md.</summary>
    public bool Writes { get; init; }

    /// <exception cref="ArgumentException">An argument makes no sense.</exception>
    public static RunOptions Parse(IEnumerable<string> arguments)
    {
        var options = new RunOptions();
        using var rest = arguments.GetEnumerator();
        while (rest.MoveNext())
        {
            string argument = rest.Current;
            options = argument switch
            {
                "--rounds" => options with { Rounds = (int)Number(1, 100) },
                "--scale" => options with { Scale = new Scale(Number(0.0001, 1)) },
                "--nodes" => options with { Nodes = (int)Number(1, 8) },
                "--systems" => options with { Systems = [.. Next().Split(',').Select(SystemKinds.Parse)] },
                "--write" => options with { Writes = true },
                _ when argument.StartsWith('-') => throw new ArgumentException($"Unknown option {argument}."),
                _ => options with { Scenarios = [.. options.Scenarios, argument] },
            };

            string Next() => rest.MoveNext() ? rest.Current : throw new ArgumentException($"{argument} needs a value.");

            double Number(double least, double most) =>
                double.TryParse(Next(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && number >= least && number <= most
                    ? number
                    : throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"{argument} takes {least} to {most}."));
        }

        return options;
    }
}
