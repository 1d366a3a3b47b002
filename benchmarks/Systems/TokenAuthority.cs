using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Realtime.Benchmarks.Systems;

/// <summary>An identity provider in this process: discovery document, key set, and RS256 tokens of any user.</summary>
internal sealed class TokenAuthority : IAsyncDisposable
{
    private const string KeyId = "benchmark";
    private const string Audience = "realtime";
    private static readonly TimeSpan Life = TimeSpan.FromHours(12);

    private readonly WebApplication _app;
    private readonly RSA _rsa;

    private TokenAuthority(WebApplication app, RSA rsa)
    {
        _app = app;
        _rsa = rsa;
    }

    private string Url => _app.Urls.Single();

    public static async Task<TokenAuthority> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var rsa = RSA.Create(2048);
        var authority = new TokenAuthority(builder.Build(), rsa);
        var key = rsa.ExportParameters(includePrivateParameters: false);
        string keys = JsonSerializer.Serialize(new
        {
            keys = new[] { new { kty = "RSA", use = "sig", alg = "RS256", kid = KeyId, n = Base64Url.EncodeToString(key.Modulus), e = Base64Url.EncodeToString(key.Exponent) } },
        });
        authority._app.MapGet("/.well-known/openid-configuration", () => Results.Json(new { issuer = authority.Url, jwks_uri = $"{authority.Url}/.well-known/jwks.json" }));
        authority._app.MapGet("/.well-known/jwks.json", () => Results.Text(keys, "application/json"));
        await authority._app.StartAsync();
        return authority;
    }

    /// <summary>Settings that make a server trust this authority.</summary>
    public Dictionary<string, string?> Settings() => new()
    {
        ["Authentication:Schemes:Bearer:Authority"] = Url,
        ["Authentication:Schemes:Bearer:ValidAudiences:0"] = Audience,
        ["Authentication:Schemes:Bearer:RequireHttpsMetadata"] = "false",
    };

    /// <summary>Signs a token; takes about a millisecond, so never while something is measured.</summary>
    public string Sign(string user, string? scope = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        var claims = new Dictionary<string, object>
        {
            ["sub"] = user,
            ["iss"] = Url,
            ["aud"] = Audience,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = (now + Life).ToUnixTimeSeconds(),
        };
        if (scope is not null) claims["scope"] = scope;
        string text = $"{Encode(new Dictionary<string, object> { ["alg"] = "RS256", ["typ"] = "JWT", ["kid"] = KeyId })}.{Encode(claims)}";
        return $"{text}.{Base64Url.EncodeToString(_rsa.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _rsa.Dispose();
    }

    private static string Encode(Dictionary<string, object> part) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(part));
}
