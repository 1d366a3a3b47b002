using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;
using Realtime.Server.Auth;

namespace Realtime.Server.CommandLine.Doctor;

/// <summary>A token, read without believing it. Its text goes to the server and nowhere else.</summary>
internal sealed class TokenUnderTest
{
    private readonly JsonElement _header;
    private readonly JsonElement _claims;

    internal TokenUnderTest(string text)
    {
        Text = text.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? text["Bearer ".Length..].Trim() : text.Trim();
        Fault = TokenShape.FaultOf(Text);
        string[] parts = Text.Split('.');
        if (parts.Length != 3) return;
        _header = Read(parts[0]);
        _claims = Read(parts[1]);
    }

    internal string Text { get; }

    /// <summary>Why it is no token at all, or none that the server takes.</summary>
    internal string? Fault { get; }

    internal string? Algorithm => TextOf(_header, "alg");

    internal string? KeyId => TextOf(_header, "kid");

    internal string? Subject => TextOf(_claims, "sub");

    internal string? Issuer => TextOf(_claims, "iss");

    internal string? AuthorizedParty => TextOf(_claims, "azp");

    internal IReadOnlyList<string> Audiences => Texts("aud");

    internal IReadOnlyList<string> Scopes => [.. TokenClaims.ScopeClaims.SelectMany(Texts).SelectMany(s => s.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Distinct(StringComparer.Ordinal)];

    internal DateTimeOffset? ExpiresAt => TimeOf("exp");

    internal DateTimeOffset? NotBefore => TimeOf("nbf");

    internal DateTimeOffset? IssuedAt => TimeOf("iat");

    private static JsonElement Read(string part)
    {
        try
        {
            using var document = JsonDocument.Parse(Base64Url.DecodeFromChars(part));
            return document.RootElement.Clone();
        }
        catch (Exception fault) when (fault is JsonException or FormatException)
        {
            return default; // Fault has said so
        }
    }

    private static string? TextOf(JsonElement part, string name) =>
        part.ValueKind == JsonValueKind.Object && part.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private IReadOnlyList<string> Texts(string name)
    {
        if (_claims.ValueKind != JsonValueKind.Object || !_claims.TryGetProperty(name, out var value)) return [];
        return value.ValueKind switch
        {
            JsonValueKind.String => [value.GetString()!],
            JsonValueKind.Array => [.. value.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.String).Select(v => v.GetString()!)],
            _ => [],
        };
    }

    private DateTimeOffset? TimeOf(string name)
    {
        if (_claims.ValueKind != JsonValueKind.Object || !_claims.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.Number) return null;
        double seconds = Math.Clamp(value.GetDouble(), 0, DateTimeOffset.MaxValue.ToUnixTimeSeconds());
        return DateTimeOffset.FromUnixTimeSeconds((long)seconds);
    }

    /// <summary>A span as people say it, such as <c>12 min</c>.</summary>
    internal static string Span(TimeSpan span) => span.Duration() switch
    {
        { TotalSeconds: < 120 } s => string.Create(CultureInfo.InvariantCulture, $"{s.TotalSeconds:0} s"),
        { TotalMinutes: < 120 } m => string.Create(CultureInfo.InvariantCulture, $"{m.TotalMinutes:0} min"),
        { TotalHours: < 48 } h => string.Create(CultureInfo.InvariantCulture, $"{h.TotalHours:0} h"),
        var d => string.Create(CultureInfo.InvariantCulture, $"{d.TotalDays:0} days"),
    };
}
