using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Realtime.Server;

namespace Realtime.Tests.Support;

/// <summary>A server of the test's own in this process: real Kestrel on a free port, embedded store unless the settings say otherwise.</summary>
sealed class RealtimeHost : IAsyncDisposable
{
    readonly WebApplication _app;
    readonly DirectoryInfo _folder;

    RealtimeHost(WebApplication app, DirectoryInfo folder, TestTokens tokens, LogLines logs)
    {
        _app = app;
        _folder = folder;
        Tokens = tokens;
        Logs = logs;
    }

    internal TestTokens Tokens { get; }

    internal LogLines Logs { get; }

    internal Uri Address => new(_app.Urls.Single());

    internal IServiceProvider Services => _app.Services;

    internal static async Task<RealtimeHost> StartAsync(
        IEnumerable<KeyValuePair<string, string?>>? settings = null,
        TestTokens? tokens = null,
        bool trustTokens = true,
        string environment = "Production",
        Action<IServiceCollection>? configure = null,
        LogLevel logLevel = LogLevel.Information,
        Action<WebApplication>? map = null)
    {
        tokens ??= TestTokens.Hmac();
        var logs = new LogLines();
        var folder = Directory.CreateTempSubdirectory("realtime-host-");
        WebApplication? app = null;
        try
        {
            var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment, ContentRootPath = folder.FullName });
            builder.Configuration.Sources.Clear();
            builder.Configuration.AddInMemoryCollection([new("Realtime:DrainWindow", "00:00:00")]); // a test that does not drain does not wait
            if (trustTokens) builder.Configuration.AddInMemoryCollection(tokens.ServerSettings());
            builder.Configuration.AddInMemoryCollection(settings ?? []);
            builder.Logging.ClearProviders().AddProvider(logs).SetMinimumLevel(logLevel);
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.AddRealtimeServer();
            configure?.Invoke(builder.Services);

            app = builder.Build();
            app.UseExceptionHandler();
            app.UseStatusCodePages();
            app.UseRouting();
            app.UseCors();
            app.UseAuthentication();
            app.UseAuthorization();
            app.MapRealtime();
            map?.Invoke(app);
            await app.StartAsync().WithinDeadline(TimeSpan.FromSeconds(30), "the server to start");
            return new RealtimeHost(app, folder, tokens, logs);
        }
        catch
        {
            if (app is not null) await app.DisposeAsync();
            folder.Delete(recursive: true);
            throw;
        }
    }

    /// <summary>Calls with a token of this user.</summary>
    internal HttpClient ClientFor(string user, params string[] scopes) => ClientWith(Tokens.Create(user, scopes));

    internal HttpClient ClientWith(string? token) => new()
    {
        BaseAddress = Address,
        Timeout = TimeSpan.FromSeconds(30),
        DefaultRequestHeaders = { Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token) },
    };

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync().WithinDeadline(TimeSpan.FromSeconds(30), "the server to stop");
        try
        {
            await _app.DisposeAsync();
        }
        catch (StackExchange.Redis.RedisConnectionException)
        {
            // The stock backplane unsubscribes when it is disposed, and says so when Redis is gone: some tests take it away.
        }

        _folder.Delete(recursive: true);
    }
}
