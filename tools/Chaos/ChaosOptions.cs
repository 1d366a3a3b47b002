using System.Globalization;
using Realtime.Chaos.Plan;

namespace Realtime.Chaos;

/// <summary>What was asked for on the command line.</summary>
sealed record ChaosOptions
{
    const int DefaultTokenLife = 15;

    internal const string Usage =
        "usage: ./chaos.sh [--seed N] [--minutes M] [--users U] [--only FAULT] [--rate DELIVERIES_PER_SECOND] [--calm] [--token-life SECONDS] [--write-report FILE] | --list | --plan";

    /// <value>Decides which faults happen when; 1 by default.</value>
    internal int Seed { get; init; } = 1;

    /// <value>How long faults are injected, 0.5 to 600; 2 by default.</value>
    internal double Minutes { get; init; } = 2;

    /// <value>How many streams, 2 to 2,000; 40 by default.</value>
    internal int Users { get; init; } = 40;

    /// <value>The only kind of fault; by default all.</value>
    internal FaultKind? Only { get; init; }

    /// <value>Deliveries aimed at per second, over all clients, 10 to 20,000; 650 by default.</value>
    internal int Rate { get; init; } = 650;

    /// <value>Whether nothing is broken. Then no client may ever reconnect.</value>
    internal bool IsCalm { get; init; }

    /// <value>How many seconds a client's token lives, 2 to 3600; 15 by default, so that every connection renews many times in a run.</value>
    internal int TokenLife { get; init; } = DefaultTokenLife;

    /// <value>A file whose part between the markers is replaced by the table of this run.</value>
    internal string? ReportFile { get; init; }

    internal bool IsList { get; init; }

    internal bool IsPlan { get; init; }

    internal TimeSpan Length => TimeSpan.FromMinutes(Minutes);

    internal FaultPlan Plan() => IsCalm ? FaultPlan.None : FaultPlan.Make(Seed, Length, Users, Only is null ? FaultKind.All : [Only]);

    /// <summary>The command that makes this run again.</summary>
    internal string Command => string.Create(CultureInfo.InvariantCulture,
        $"./chaos.sh --seed {Seed} --minutes {Minutes} --users {Users}{(Only is null ? "" : $" --only {Only.Name}")}{(Rate == 650 ? "" : $" --rate {Rate}")}{(IsCalm ? " --calm" : "")}{(TokenLife == DefaultTokenLife ? "" : $" --token-life {TokenLife}")}");

    /// <summary>False with one line that says what is wrong.</summary>
    internal static bool TryParse(IReadOnlyList<string> arguments, out ChaosOptions options, out string fault)
    {
        options = new();
        fault = "";
        for (var i = 0; i < arguments.Count; i++)
        {
            var name = arguments[i];
            if (name is "--list" or "--plan" or "--calm")
            {
                options = name switch
                {
                    "--list" => options with { IsList = true },
                    "--plan" => options with { IsPlan = true },
                    _ => options with { IsCalm = true },
                };
                continue;
            }
            if (name is not ("--seed" or "--minutes" or "--users" or "--only" or "--rate" or "--token-life" or "--write-report"))
                return Refuse($"{name} is not an option. {Usage}", out fault);
            if (++i == arguments.Count)
                return Refuse($"{name} needs a value. {Usage}", out fault);
            if (Apply(options, name, arguments[i]) is not { } changed)
                return Refuse($"{name} cannot be '{arguments[i]}': {RuleOf(name)}.", out fault);
            options = changed;
        }
        if (options is { IsCalm: true, Only: not null })
            return Refuse("--calm breaks nothing, and --only names something to break.", out fault);
        return true;
    }

    static ChaosOptions? Apply(ChaosOptions options, string name, string value) => name switch
    {
        "--seed" => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seed) ? options with { Seed = seed } : null,
        "--minutes" => double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var minutes) && minutes is >= 0.5 and <= 600
            ? options with { Minutes = minutes } : null,
        "--users" => TryCount(value, 2, 2_000, out var users) ? options with { Users = users } : null,
        "--rate" => TryCount(value, 10, 20_000, out var rate) ? options with { Rate = rate } : null,
        "--token-life" => TryCount(value, 2, 3_600, out var life) ? options with { TokenLife = life } : null,
        "--only" => FaultKind.All.FirstOrDefault(kind => kind.Name == value) is { } only ? options with { Only = only } : null,
        _ => value.Length > 0 ? options with { ReportFile = value } : null,
    };

    static string RuleOf(string name) => name switch
    {
        "--seed" => "a whole number, 0 or more",
        "--minutes" => "0.5 to 600",
        "--users" => "2 to 2000",
        "--rate" => "10 to 20000",
        "--token-life" => "2 to 3600",
        "--only" => "one of " + string.Join(", ", FaultKind.All.Select(kind => kind.Name)),
        _ => "the path of a file",
    };

    static bool TryCount(string text, int lowest, int highest, out int count) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count >= lowest && count <= highest;

    static bool Refuse(string why, out string fault)
    {
        fault = why;
        return false;
    }
}
