using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Realtime.Tests.Support;

/// <summary>An identity provider on a loopback port: discovery document and key set, as Clerk serves them.</summary>
sealed class FakeAuthority : IAsyncDisposable
{
    readonly WebApplication _app;
    int _keyFetches;

    FakeAuthority(WebApplication app) => _app = app;

    internal string Url => _app.Urls.Single();

    internal int KeyFetches => Volatile.Read(ref _keyFetches);

    internal static async Task<FakeAuthority> StartAsync(TestTokens tokens, string address = "http://127.0.0.1:0")
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(address);
        builder.Logging.ClearProviders();
        var authority = new FakeAuthority(builder.Build());
        authority._app.MapGet("/.well-known/openid-configuration", () => Results.Json(new { issuer = authority.Url, jwks_uri = $"{authority.Url}/.well-known/jwks.json" }));
        authority._app.MapGet("/.well-known/jwks.json", () =>
        {
            Interlocked.Increment(ref authority._keyFetches);
            return Results.Text(tokens.Jwks(), "application/json");
        });
        await authority._app.StartAsync().WithinDeadline();
        return authority;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
