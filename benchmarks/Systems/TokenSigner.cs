using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Realtime.Benchmarks.Systems;

/// <summary>Signs RS256 tokens of any user. Thread-safe.</summary>
internal sealed class TokenSigner(RSA rsa, string issuer) : IDisposable
{
    public const string KeyId = "benchmark";
    public const string Audience = "realtime";
    private static readonly TimeSpan Life = TimeSpan.FromHours(12);
    private readonly Lock _lock = new();

    /// <summary>Takes about a millisecond, so never while something is measured.</summary>
    public string Sign(string user, string? scope = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        var claims = new Dictionary<string, object>
        {
            ["sub"] = user,
            ["iss"] = issuer,
            ["aud"] = Audience,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = (now + Life).ToUnixTimeSeconds(),
        };
        if (scope is not null) claims["scope"] = scope;
        string text = $"{Encode(new Dictionary<string, object> { ["alg"] = "RS256", ["typ"] = "JWT", ["kid"] = KeyId })}.{Encode(claims)}";
        lock (_lock)
            return $"{text}.{Base64Url.EncodeToString(rsa.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    /// <summary>The public key, as an authority publishes it.</summary>
    public string Jwks()
    {
        var key = rsa.ExportParameters(includePrivateParameters: false);
        return JsonSerializer.Serialize(new
        {
            keys = new[] { new { kty = "RSA", use = "sig", alg = "RS256", kid = KeyId, n = Base64Url.EncodeToString(key.Modulus), e = Base64Url.EncodeToString(key.Exponent) } },
        });
    }

    /// <summary>For another process of the benchmark.</summary>
    public string Export() => $"{issuer}\n{Convert.ToBase64String(rsa.ExportRSAPrivateKey())}";

    public static TokenSigner Import(string exported)
    {
        string[] lines = exported.Split('\n');
        var rsa = RSA.Create();
        rsa.ImportRSAPrivateKey(Convert.FromBase64String(lines[1]), out _);
        return new TokenSigner(rsa, lines[0]);
    }

    public void Dispose() => rsa.Dispose();

    private static string Encode(Dictionary<string, object> part) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(part));
}
