using Realtime.Contracts;

namespace ExactlyOnce;

/// <summary>What the command line says.</summary>
internal sealed record Settings
{
    public string User { get; private init; } = "demo";

    public Uri Server { get; private init; } = new("http://localhost:5080");

    public string? Token { get; private init; }

    public string Database { get; private init; } = "exactly-once.db";

    public bool IsApart { get; private init; }

    /// <exception cref="ArgumentException">An option is unknown, incomplete or malformed.</exception>
    public static Settings Parse(string[] args)
    {
        var settings = new Settings();
        for (int i = 0; i < args.Length; i++)
        {
            settings = args[i] switch
            {
                "--user" => settings with { User = Value() },
                "--server" => settings with { Server = Uri.TryCreate(Value(), UriKind.Absolute, out var url) ? url : throw new ArgumentException("--server must be a URL such as http://localhost:5080.") },
                "--token" => settings with { Token = Value() },
                "--database" => settings with { Database = Value() },
                "--apart" => settings with { IsApart = true },
                var unknown => throw new ArgumentException($"Unknown option {unknown}. Options: --user, --server, --token, --database FILE, --apart."),
            };

            string Value() => i + 1 < args.Length ? args[++i] : throw new ArgumentException($"{args[i]} needs a value.");
        }

        return UserId.IsValid(settings.User) ? settings : throw new ArgumentException($"--user must be {UserId.Rule}.");
    }
}
