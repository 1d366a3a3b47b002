using System.Text.Json;

namespace Realtime.Server.CommandLine.Doctor;

/// <summary>Whether tokens can be judged: the authority's documents can be had from here and publish keys.</summary>
internal static class AuthorityChecks
{
    private const string Bearer = "Authentication:Schemes:Bearer";
    private const string Name = "authority";

    /// <returns>The results, and the issuer that the authority names.</returns>
    internal static async Task<(IReadOnlyList<CheckResult> Results, string? Issuer)> RunAsync(Patient patient, CancellationToken cancellationToken)
    {
        string? authority = patient.Configuration[$"{Bearer}:Authority"];
        string? metadata = patient.Configuration[$"{Bearer}:MetadataAddress"];
        if (string.IsNullOrEmpty(authority) && string.IsNullOrEmpty(metadata))
        {
            int keys = patient.Configuration.GetSection($"{Bearer}:SigningKeys").GetChildren().Count();
            return ([keys > 0
                ? CheckResult.Ok(Name, $"none; {keys} configured key(s) judge tokens")
                : CheckResult.Skipped(Name, patient.Environment.IsDevelopment() ? "none; Development makes a key of its own" : "none configured")], null);
        }

        string address = string.IsNullOrEmpty(metadata) ? $"{authority!.TrimEnd('/')}/.well-known/openid-configuration" : metadata;
        if (!Uri.TryCreate(address, UriKind.Absolute, out var discovery)) return ([CheckResult.Failed(Name, $"{address} is no URL", $"Set {Bearer}:Authority to your identity provider's URL.")], null);
        using var http = new HttpClient { Timeout = HttpQuestions.Patience };
        try
        {
            using var document = await ReadAsync(http, discovery, cancellationToken);
            string? issuer = Text(document, "issuer");
            if (Text(document, "jwks_uri") is not { } jwks || !Uri.TryCreate(jwks, UriKind.Absolute, out var keysAt))
                return ([CheckResult.Failed(Name, $"{discovery} names no jwks_uri", $"Set {Bearer}:Authority to an OpenID Connect issuer.")], issuer);

            using var keySet = await ReadAsync(http, keysAt, cancellationToken);
            string?[] keyIds = keySet.RootElement.TryGetProperty("keys", out var keys) && keys.ValueKind == JsonValueKind.Array
                ? [.. keys.EnumerateArray().Select(k => k.TryGetProperty("kid", out var kid) && kid.ValueKind == JsonValueKind.String ? kid.GetString() : null)]
                : [];
            if (keyIds.Length == 0) return ([CheckResult.Failed(Name, $"{keysAt} publishes no key", "Have the authority publish its signing keys.")], issuer);

            var results = new List<CheckResult> { CheckResult.Ok(Name, $"{issuer ?? discovery.ToString()} publishes {keyIds.Length} key(s)") };
            if (patient.Token is { Fault: null, KeyId: { } used })
            {
                results.Add(keyIds.Contains(used, StringComparer.Ordinal)
                    ? CheckResult.Ok("token.key", $"key {used} is published by the authority")
                    : CheckResult.Failed("token.key", $"key {used} is not among the authority's", "Use a token of this authority, or wait until its new key is published."));
            }

            return (results, issuer);
        }
        catch (Exception fault) when (HttpQuestions.IsFailure(fault, cancellationToken))
        {
            return ([CheckResult.Failed(
                Name, $"{discovery} cannot be had from here: {patient.Secrets.Remove(HttpQuestions.Words(fault))}",
                "Let the server reach it (DNS, firewall, egress proxy, certificates): without its keys every token is answered 503.")], null);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return ([CheckResult.Failed(Name, $"{discovery} answers, but not with the JSON of an issuer", $"Set {Bearer}:Authority to the issuer's URL, not to a page of it.")], null);
        }
    }

    private static async Task<JsonDocument> ReadAsync(HttpClient http, Uri address, CancellationToken cancellationToken)
    {
        using var answer = await http.GetAsync(address, cancellationToken);
        answer.EnsureSuccessStatusCode();
        return await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(cancellationToken), cancellationToken: cancellationToken);
    }

    private static string? Text(JsonDocument document, string name) =>
        document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
