using Realtime.Contracts;

namespace ConsoleWatch;

/// <summary>What the command line says.</summary>
internal sealed record WatchSettings
{
    public string User { get; private init; } = "demo";

    public Uri Server { get; private init; } = new("http://localhost:5080");

    public string? Token { get; private init; }

    public string? CursorFile { get; private init; }

    public bool FromBeginning { get; private init; }

    /// <exception cref="ArgumentException">An option is unknown, incomplete or malformed.</exception>
    public static WatchSettings Parse(string[] args)
    {
        var settings = new WatchSettings();
        for (int i = 0; i < args.Length; i++)
        {
            settings = args[i] switch
            {
                "--user" => settings with { User = Value() },
                "--server" => settings with { Server = Uri.TryCreate(Value(), UriKind.Absolute, out var url) ? url : throw new ArgumentException("--server must be a URL such as http://localhost:5080.") },
                "--token" => settings with { Token = Value() },
                "--cursor" => settings with { CursorFile = Value() },
                "--from-beginning" => settings with { FromBeginning = true },
                var unknown => throw new ArgumentException($"Unknown option {unknown}. Options: --user, --server, --token, --cursor FILE, --from-beginning."),
            };

            string Value() => i + 1 < args.Length ? args[++i] : throw new ArgumentException($"{args[i]} needs a value.");
        }

        return UserId.IsValid(settings.User) ? settings : throw new ArgumentException($"--user must be {UserId.Rule}.");
    }
}
