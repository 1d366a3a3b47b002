using Npgsql;
using StackExchange.Redis;

namespace Realtime.Server;

/// <summary>Finds what is wrong with connection strings and signing keys without using them. Never repeats them: they hold secrets.</summary>
internal static class SecretsCheck
{
    /// <summary>Shortest key that HMAC-SHA256 takes, in bytes.</summary>
    private const int MinKeyBytes = 32;

    internal static string? Postgres(string connectionString)
    {
        try
        {
            return string.IsNullOrWhiteSpace(new NpgsqlConnectionStringBuilder(connectionString).Host)
                ? "ConnectionStrings:Postgres names no Host."
                : null;
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            return $"ConnectionStrings:Postgres cannot be read: {OneLine(fault.Message)}";
        }
    }

    internal static string? Redis(string connectionString)
    {
        try
        {
            return ConfigurationOptions.Parse(connectionString).EndPoints.Count == 0
                ? "ConnectionStrings:Redis names no server; it looks like redis.example.com:6379,password=..."
                : null;
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException)
        {
            return $"ConnectionStrings:Redis cannot be read: {OneLine(fault.Message)}";
        }
    }

    internal static string? SigningKey(IConfigurationSection key)
    {
        var bytes = new byte[key["Value"]?.Length ?? 0];
        return Convert.TryFromBase64String(key["Value"] ?? string.Empty, bytes, out int length) && length >= MinKeyBytes
            ? null
            : $"{key.Path}:Value must be at least {MinKeyBytes} bytes in base64.";
    }

    internal static string? BackplaneKey(string name, string? value)
    {
        if (string.IsNullOrEmpty(value)) return null;
        return Convert.TryFromBase64String(value, new byte[value.Length], out int length) && length >= MinKeyBytes
            ? null
            : $"{RealtimeOptions.Section}:{name} must be at least {MinKeyBytes} bytes in base64, such as 'openssl rand -base64 32' writes.";
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
