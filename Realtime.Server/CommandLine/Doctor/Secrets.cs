using Npgsql;
using StackExchange.Redis;

namespace Realtime.Server.CommandLine.Doctor;

/// <summary>Takes what must not be shown out of texts that others wrote, such as a driver's or a server's message.</summary>
internal sealed class Secrets
{
    private const int Shortest = 4; // shorter ones are parts of ordinary words
    private readonly List<string> _values = [];

    private Secrets(IEnumerable<string?> values) =>
        _values.AddRange(values.OfType<string>().Where(v => v.Length >= Shortest).OrderByDescending(v => v.Length));

    internal static Secrets Of(IConfiguration configuration, string? token) => new(
    [
        token,
        PostgresPassword(configuration.GetConnectionString("Postgres")),
        RedisPassword(configuration.GetConnectionString("Redis")),
        configuration[$"{RealtimeOptions.Section}:{nameof(RealtimeOptions.BackplaneKey)}"],
        configuration[$"{RealtimeOptions.Section}:{nameof(RealtimeOptions.PreviousBackplaneKey)}"],
        .. configuration.GetSection("Authentication:Schemes:Bearer:SigningKeys").GetChildren().Select(key => key["Value"]),
    ]);

    /// <summary>The text in one line, without secrets.</summary>
    internal string Remove(string text)
    {
        foreach (string value in _values) text = text.Replace(value, "***", StringComparison.Ordinal);
        return CommandOutput.OneLine(text);
    }

    private static string? PostgresPassword(string? connectionString)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(connectionString).Password;
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            return connectionString; // which part of it is the secret cannot be told
        }
    }

    private static string? RedisPassword(string? connectionString)
    {
        try
        {
            return string.IsNullOrEmpty(connectionString) ? null : ConfigurationOptions.Parse(connectionString).Password;
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException)
        {
            return connectionString;
        }
    }
}
