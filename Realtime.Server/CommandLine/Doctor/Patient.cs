namespace Realtime.Server.CommandLine.Doctor;

/// <summary>What a patient is asked about: the configuration of a server, and, from outside, a server that runs.</summary>
internal sealed record Patient
{
    internal required IConfiguration Configuration { get; init; }

    internal required IHostEnvironment Environment { get; init; }

    internal required Secrets Secrets { get; init; }

    internal required TimeProvider Time { get; init; }

    /// <summary>The server's URL, if it is to be asked.</summary>
    internal Uri? Url { get; init; }

    /// <summary>The token to look at, if any.</summary>
    internal TokenUnderTest? Token { get; init; }

    /// <summary>Whose stream the token is to open; by default its <c>sub</c>.</summary>
    internal string? User { get; init; }

    internal string? Postgres => NotEmpty(Configuration.GetConnectionString("Postgres"));

    internal string? Redis => NotEmpty(Configuration.GetConnectionString("Redis"));

    internal T Setting<T>(string name, T otherwise) => Configuration.GetValue($"{RealtimeOptions.Section}:{name}", otherwise)!;

    private static string? NotEmpty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;
}
