using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Realtime.Harness;

namespace Realtime.Benchmarks.Systems;

/// <summary>An identity provider in this process: discovery document, key set and signer.</summary>
internal sealed class TokenAuthority : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _url;

    private TokenAuthority(WebApplication app, string url, TokenSigner signer)
    {
        _app = app;
        _url = url;
        Signer = signer;
    }

    public TokenSigner Signer { get; }

    public static async Task<TokenAuthority> StartAsync()
    {
        string url = $"http://127.0.0.1:{FreePort.Next()}";
        var signer = new TokenSigner(RSA.Create(2048), url);
        string keys = signer.Jwks();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(url);
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapGet("/.well-known/openid-configuration", () => Results.Json(new { issuer = url, jwks_uri = $"{url}/.well-known/jwks.json" }));
        app.MapGet("/.well-known/jwks.json", () => Results.Text(keys, "application/json"));
        await app.StartAsync();
        return new TokenAuthority(app, url, signer);
    }

    /// <summary>Settings that make a server trust this authority.</summary>
    public Dictionary<string, string?> Settings() => new()
    {
        ["Authentication:Schemes:Bearer:Authority"] = _url,
        ["Authentication:Schemes:Bearer:ValidAudiences:0"] = TokenSigner.Audience,
        ["Authentication:Schemes:Bearer:RequireHttpsMetadata"] = "false",
    };

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Signer.Dispose();
    }
}
