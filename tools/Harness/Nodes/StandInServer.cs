using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Realtime.Harness;

/// <summary>
/// What the tests of <see cref="ServerNode"/> start in place of the server: a host that is ready at once, never, or
/// dies at its start, as its setting <c>StandIn:Mode</c> says.
/// </summary>
static class StandInServer
{
    internal const string ModeVariable = "StandIn__Mode";

    internal static async Task RunAsync(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        await using var app = builder.Build();
        var mode = app.Configuration["StandIn:Mode"];
        if (mode == "crash")
            throw new InvalidOperationException("The stand-in was told to crash.");
        app.MapGet("/health/ready", () => mode == "ready" ? Results.Ok() : Results.StatusCode(StatusCodes.Status503ServiceUnavailable));
        app.MapGet("/setting", (string key) => app.Configuration[key] ?? "(none)");
        app.MapGet("/environment", () => app.Environment.EnvironmentName);
        app.MapGet("/data", () => File.ReadAllTextAsync(DataFile(app.Environment)));
        app.MapPost("/data", (HttpRequest request) => SaveAsync(request, DataFile(app.Environment)));
        await app.RunAsync();
    }

    static async Task SaveAsync(HttpRequest request, string path)
    {
        await using var file = File.Create(path);
        await request.Body.CopyToAsync(file);
    }

    static string DataFile(IWebHostEnvironment environment) => Path.Combine(environment.ContentRootPath, "data.txt");
}
