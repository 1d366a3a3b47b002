using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Realtime.Tests.Support;

namespace Realtime.Tests.CommandLine;

/// <summary>A proxy as many are set up: it passes requests on, and an upgrade as an ordinary request.</summary>
sealed class HttpOnlyProxy : IAsyncDisposable
{
    readonly WebApplication _app;
    readonly HttpClient _http;

    HttpOnlyProxy(WebApplication app, HttpClient http) => (_app, _http) = (app, http);

    internal string Address => _app.Urls.Single();

    internal static async Task<HttpOnlyProxy> StartAsync(Uri target)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var proxy = new HttpOnlyProxy(builder.Build(), new HttpClient { BaseAddress = target });
        proxy._app.Run(proxy.PassOnAsync);
        await proxy._app.StartAsync().WithinDeadline();
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _http.Dispose();
    }

    async Task PassOnAsync(HttpContext context)
    {
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), context.Request.Path + context.Request.QueryString.ToString());
        if (context.Request.Headers.Authorization is { Count: 1 } token) request.Headers.TryAddWithoutValidation("Authorization", token.ToString());
        using var answer = await _http.SendAsync(request);
        context.Response.StatusCode = (int)answer.StatusCode;
        await context.Response.WriteAsync(await answer.Content.ReadAsStringAsync());
    }
}
