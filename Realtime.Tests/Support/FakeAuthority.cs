using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Realtime.Tests.Support;

/// <summary>An identity provider on a loopback port: discovery document and key set, as Clerk serves them. Its keys can be changed while it runs.</summary>
sealed class FakeAuthority : IAsyncDisposable
{
    readonly WebApplication _app;
    volatile TestTokens[] _published;
    int _keyFetches;

    FakeAuthority(WebApplication app, TestTokens[] published)
    {
        _app = app;
        _published = published;
    }

    internal string Url { get; private set; } = string.Empty;

    /// <summary>What its discovery document calls itself; by default its own address.</summary>
    internal string? Issuer { get; set; }

    internal int KeyFetches => Volatile.Read(ref _keyFetches);

    /// <summary>Answers 500 from now on, or no more.</summary>
    internal bool IsBroken { get; set; }

    internal static Task<FakeAuthority> StartAsync(TestTokens tokens, string address = "http://127.0.0.1:0") => StartAsync([tokens], address);

    internal static async Task<FakeAuthority> StartAsync(TestTokens[] published, string address = "http://127.0.0.1:0")
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(address);
        builder.Logging.ClearProviders();
        var authority = new FakeAuthority(builder.Build(), published);
        authority._app.MapGet("/.well-known/openid-configuration", () => Results.Json(new { issuer = authority.Issuer ?? authority.Url, jwks_uri = $"{authority.Url}/.well-known/jwks.json" }));
        authority._app.MapGet("/.well-known/jwks.json", () =>
        {
            Interlocked.Increment(ref authority._keyFetches);
            return authority.IsBroken ? Results.StatusCode(500) : Results.Text(TestTokens.Jwks(authority._published), "application/json");
        });
        await authority._app.StartAsync().WithinDeadline();
        authority.Url = authority._app.Urls.Single();
        return authority;
    }

    /// <summary>These keys and no others from now on.</summary>
    internal void Publish(params TestTokens[] published) => _published = published;

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
