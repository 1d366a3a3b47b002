using System.Globalization;
using Microsoft.Extensions.Configuration;
using Realtime.Contracts;

namespace AgentWorker;

/// <summary>What the command line says.</summary>
internal sealed record WorkerSettings(string User, int Runs, TimeSpan Pause, Uri Server, string? Token)
{
    public static WorkerSettings From(IConfiguration configuration)
    {
        string user = configuration["user"] ?? "demo";
        if (!UserId.IsValid(user)) throw new ArgumentException($"--user must be {UserId.Rule}.");
        if (!Uri.TryCreate(configuration["server"] ?? "http://localhost:5080", UriKind.Absolute, out var server))
            throw new ArgumentException("--server must be a URL such as http://localhost:5080.");
        return new(user, Number(configuration, "runs", 3), TimeSpan.FromMilliseconds(Number(configuration, "pause", 1000)), server, configuration["token"]);
    }

    private static int Number(IConfiguration configuration, string name, int fallback) => configuration[name] switch
    {
        null => fallback,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) => number,
        var text => throw new ArgumentException($"--{name} must be a whole number, not '{text}'."),
    };
}
