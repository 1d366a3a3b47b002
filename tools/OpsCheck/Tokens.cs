using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Realtime.OpsCheck;

/// <summary>Signs tokens with a secret that the servers of this run trust.</summary>
sealed class Tokens
{
    const string Issuer = "https://ops-check.test";
    const string Audience = "realtime";

    readonly byte[] _secret = RandomNumberGenerator.GetBytes(32);

    internal string Create(string subject, string? scope = null)
    {
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var payload = new Dictionary<string, object> { ["sub"] = subject, ["iss"] = Issuer, ["aud"] = Audience, ["iat"] = now, ["exp"] = now + 3600 };
        if (scope is not null) payload["scope"] = scope;
        string input = $"{Encode(new() { ["alg"] = "HS256", ["typ"] = "JWT", ["kid"] = "ops" })}.{Encode(payload)}";
        return $"{input}.{Base64Url.EncodeToString(HMACSHA256.HashData(_secret, Encoding.ASCII.GetBytes(input)))}";
    }

    /// <summary>What makes a server trust the secret.</summary>
    internal Dictionary<string, string?> ServerSettings() => new()
    {
        ["Authentication:Schemes:Bearer:ValidIssuer"] = Issuer,
        ["Authentication:Schemes:Bearer:ValidAudiences:0"] = Audience,
        ["Authentication:Schemes:Bearer:SigningKeys:0:Id"] = "ops",
        ["Authentication:Schemes:Bearer:SigningKeys:0:Issuer"] = Issuer,
        ["Authentication:Schemes:Bearer:SigningKeys:0:Value"] = Convert.ToBase64String(_secret),
    };

    static string Encode(Dictionary<string, object> part) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(part));
}
