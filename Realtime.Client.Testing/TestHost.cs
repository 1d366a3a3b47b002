using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Realtime.Client.Testing.Access;
using Realtime.Client.Testing.Api;
using Realtime.Client.Testing.Hub;
using Realtime.Client.Testing.Stream;
using Realtime.Contracts;
using Realtime.Contracts.Hub;
using Realtime.Contracts.Serialization;

namespace Realtime.Client.Testing;

/// <summary>The web application of a test server between one start and the next stop; what it serves outlives it.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestHost(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.Single());

    public IHubContext<TestHub, IAgentClient> Hub => _app.Services.GetRequiredService<IHubContext<TestHub, IAgentClient>>();

    /// <param name="parts">What it serves.</param>
    /// <param name="port">0: any that is free.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    public static async Task<TestHost> StartAsync(TestParts parts, int port, CancellationToken cancellationToken)
    {
        // Empty: settings, environment and signals of the program under test are none of this server's.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddRoutingCore().AddProblemDetails();
        builder.Services.AddSingleton(parts.Connections).AddSingleton(parts.Store).AddSingleton(parts.Tokens).AddSingleton(parts.Faults).AddSingleton(parts.Time);
        builder.Services.AddSignalR();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(100));

        var app = builder.Build();
        try
        {
            app.UseStatusCodePages();
            app.UseRouting();
            app.Use(next => context => RefuseAsync(parts.Faults, context, next));
            app.Use(next => context => new Guard(parts.Tokens).LetInAsync(context, next));
            app.Use(next => context => AnswerAsync(parts.Faults, context, next));
            Map(app, parts);
            await app.StartAsync(cancellationToken).ConfigureAwait(false);
            return new TestHost(app);
        }
        catch
        {
            await app.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None).ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
    }

    private static void Map(WebApplication app, TestParts parts)
    {
        var reads = new ReadAnswers(parts.Store);
        var publish = new PublishAnswers(parts.Store, parts.EventTypes, parts.Faults.StoreDoor);
        var state = new StateAnswers(parts.Store);
        app.MapHub<TestHub>(Routes.Hub);
        app.MapGet(Routes.Events, reads.Missed);
        app.MapPost(Routes.Events, (Delegate)publish.PublishAsync);
        app.MapGet(Routes.Activity, reads.Activity);
        app.MapGet(Routes.Brake, state.ReadBrake);
        app.MapPut(Routes.Brake, (Delegate)state.ChangeBrakeAsync);
        app.MapGet(Routes.Cursors, state.ReadCursors);
        app.MapPut(Routes.Cursors + "/{consumer}", state.MoveCursorAsync);
        app.MapDelete(Routes.Cursors + "/{consumer}", state.DeleteCursor);
    }

    private static Task RefuseAsync(TestFaults faults, HttpContext context, RequestDelegate next)
    {
        if (faults.Refusal is not { } refusal) return next(context);
        context.Response.StatusCode = refusal.Status;
        if (refusal.RetryAfter is { } wait) context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
        return context.Response.WriteAsync("Refused by something in between.", context.RequestAborted);
    }

    private static async Task AnswerAsync(TestFaults faults, HttpContext context, RequestDelegate next)
    {
        bool isHub = context.Request.Path.StartsWithSegments(Routes.HubPrefix, StringComparison.Ordinal);
        bool isPublish = HttpMethods.IsPost(context.Request.Method); // which names the ids in its answer
        if (!isHub && HttpMethods.IsGet(context.Request.Method)) await faults.AnswerDoor.PassAsync(context.RequestAborted).ConfigureAwait(false);
        if (!isHub && !isPublish && faults.StoreDoor.IsClosed) await TestProblem.StoreUnavailable().ExecuteAsync(context).ConfigureAwait(false);
        else await next(context).ConfigureAwait(false);
    }

    /// <summary>The server lives as long as the test wants; Ctrl+C is the test runner's.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

/// <summary>What a test server is made of, and what outlives its restarts.</summary>
internal sealed record TestParts(TestStore Store, TestConnections Connections, TestTokenIssuer Tokens, TestFaults Faults, EventTypes EventTypes, TimeProvider Time);
