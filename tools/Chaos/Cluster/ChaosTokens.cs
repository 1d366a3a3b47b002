using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Realtime.Chaos.Cluster;

/// <summary>Signs short-lived tokens with a secret that the servers of this run trust.</summary>
static class ChaosTokens
{
    internal const string KeyId = "chaos";
    internal const string Issuer = "https://chaos.test";
    internal const string Audience = "realtime";

    /// <summary>Of those who publish; they ask for a new one each time.</summary>
    internal static readonly TimeSpan PublishersLife = TimeSpan.FromSeconds(15);

    internal static string Create(string secret, string subject, TimeSpan life, string? scope = null)
    {
        var now = DateTimeOffset.UtcNow;
        var payload = new Dictionary<string, object>
        {
            ["sub"] = subject,
            ["iss"] = Issuer,
            ["aud"] = Audience,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = (now + life).ToUnixTimeSeconds(),
        };
        if (scope is not null)
            payload["scope"] = scope;
        var input = $"{Encode(new Dictionary<string, object> { ["alg"] = "HS256", ["typ"] = "JWT", ["kid"] = KeyId })}.{Encode(payload)}";
        return $"{input}.{Base64Url.EncodeToString(HMACSHA256.HashData(Convert.FromBase64String(secret), Encoding.ASCII.GetBytes(input)))}";
    }

    /// <summary>What makes a server trust the secret.</summary>
    internal static Dictionary<string, string?> ServerSettings(string secret)
    {
        const string scheme = "Authentication:Schemes:Bearer:";
        return new()
        {
            [scheme + "ValidIssuer"] = Issuer,
            [scheme + "ValidAudiences:0"] = Audience,
            [scheme + "SigningKeys:0:Id"] = KeyId,
            [scheme + "SigningKeys:0:Issuer"] = Issuer,
            [scheme + "SigningKeys:0:Value"] = secret,
        };
    }

    static string Encode(Dictionary<string, object> part) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(part));
}
