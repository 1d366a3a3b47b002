using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Server.Api;
using Realtime.Server.Auth;
using Realtime.Server.Description;
using Realtime.Server.Draining;
using Realtime.Server.FanOut;
using Realtime.Server.Hubs;
using Realtime.Server.Limits;
using Realtime.Server.Telemetry;

namespace Realtime.Server;

/// <summary>Maps the wire contract.</summary>
public static class RealtimeEndpoints
{
    /// <summary>Maps hub, REST, health, and in Development the endpoints for tokens and faults; <see cref="RealtimeServerRegistration.AddRealtimeServer"/> has registered them.</summary>
    /// <remarks>
    /// With <see cref="RealtimeOptions.AllowedOrigins"/> the application calls <c>UseCors</c> before <c>UseAuthentication</c> and
    /// <c>UseAuthorization</c>: a preflight carries no token, and a page must be able to read a refusal.
    /// </remarks>
    /// <param name="app">Where to map.</param>
    public static IEndpointRouteBuilder MapRealtime(this IEndpointRouteBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var options = app.ServiceProvider.GetRequiredService<IOptions<RealtimeOptions>>().Value;

        var routes = app.MapGroup(string.Empty).ClosedUnlessOpened();

        // As MapHub does it, and one step before the hub.
        var limits = app.ServiceProvider.GetRequiredService<HandshakeLimits>();
        var hub = routes.MapConnections(Routes.Hub, LimitsSetup.Transport(app.ServiceProvider), connections => connections.Use(limits.Around).UseHub<AgentHub>())
            .WithMetadata(new HubMetadata(typeof(AgentHub))).RequireAuthorization(Access.Self);
        hub.Add(endpoint => endpoint.RequestDelegate = limits.Before(Handshake.ReleaseBefore(endpoint.RequestDelegate!)));
        hub.Add(app.ServiceProvider.GetRequiredService<HubDoor>().Guard); // last, so asked first: whom it refuses, no limit counts
        var rest = routes.MapGroup(string.Empty).WithTags("Agents").ProducesProblem(429);
        ((IEndpointConventionBuilder)rest).Add(SecurityHeaders.OfData);
        ((IEndpointConventionBuilder)rest).Add(app.ServiceProvider.GetRequiredService<LeavingAnswers>().Mark);
        MapPublish(rest, app.ServiceProvider);
        MapStream(rest, app.ServiceProvider);
        MapRest(rest.MapGroup(string.Empty).AddEndpointFilter<RequestFilter>().AddEndpointFilter<StoreFaults>());
        RevocationEndpoints.Map(rest.MapGroup(string.Empty).WithTags("Admin").AddEndpointFilter<RequestFilter>().AddEndpointFilter<StoreFaults>());
        MapHealth(routes);
        app.ServiceProvider.GetService<MetricsPage>()?.Map(routes);
        if (options.AllowedOrigins.Count > 0)
        {
            void AllowOrigins(CorsPolicyBuilder cors) => cors.WithOrigins([.. options.AllowedOrigins]).AllowAnyHeader().AllowAnyMethod().AllowCredentials()
                .WithExposedHeaders("Retry-After"); // else a page cannot know how long to wait
            hub.RequireCors(AllowOrigins);
            rest.RequireCors(AllowOrigins);
        }

        var environment = app.ServiceProvider.GetRequiredService<IHostEnvironment>();
        if (DevSigningKey.IsAvailable(environment, app.ServiceProvider.GetRequiredService<IConfiguration>()))
            routes.MapPost(Routes.DevTokens, DevTokenEndpoint.HandleAsync).AllowAnonymous().WithTags("Development").TakesJson<DevTokenRequest>().Produces<DevToken>();
        if (app.ServiceProvider.GetService<PushFaults>() is not null)
        {
            rest.MapPost(Routes.DevFaults, DevFaultEndpoint.Handle).RequireAuthorization(Access.Self).AddEndpointFilter<RequestFilter>()
                .WithTags("Development").Produces(204).ProducesProblem(400).ProducesProblem(401).ProducesProblem(403);
        }

        if (options.MapOpenApi) routes.MapApiDescription();
        return app;
    }

    private static void MapPublish(RouteGroupBuilder rest, IServiceProvider services)
    {
        var endpoint = ActivatorUtilities.CreateInstance<PublishEndpoint>(services);
        rest.MapPost(Routes.Events, (Delegate)endpoint.HandleAsync).RequireAuthorization(Access.Publish)
            .WithName("PublishEvents").WithSummary("Publishes one event, or an array of at most 1000, all or nothing.")
            .DescribesJson<PublishRequest>().Produces<PublishReceipt>(201).Produces<PublishReceipt>(200)
            .ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(413).ProducesProblem(503);
    }

    /// <summary>A request that is a connection: it passes the hub's door and counts as one.</summary>
    private static void MapStream(RouteGroupBuilder rest, IServiceProvider services)
    {
        var stream = rest.MapGet(Routes.EventStream, (Delegate)EventStreamEndpoint.HandleAsync).RequireAuthorization(Access.Self)
            .WithName("FollowEvents").WithSummary("The stream as server-sent events: what comes after a position, then live.")
            .Produces(200, contentType: "text/event-stream").ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(503);
        stream.Add(endpoint => endpoint.RequestDelegate = services.GetRequiredService<HandshakeLimits>().Hold(endpoint.RequestDelegate!));
        stream.Add(services.GetRequiredService<HubDoor>().Guard);
    }

    private static void MapRest(RouteGroupBuilder rest)
    {
        rest.MapGet(Routes.Events, MissedEventsEndpoint.HandleAsync).RequireAuthorization(Access.Self)
            .WithName("ReadEvents").WithSummary("Events after a position or a time, oldest first.")
            .Produces<EventPage>().ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(410).ProducesProblem(503);
        rest.MapGet(Routes.Activity, ActivityEndpoint.HandleAsync).RequireAuthorization(Access.Self)
            .WithName("ReadActivity").WithSummary("Events newest first, for a feed.")
            .Produces<ActivityPage>().ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(410).ProducesProblem(503);
        rest.MapGet(Routes.Brake, BrakeEndpoints.ReadAsync).RequireAuthorization(Access.ReadBrake)
            .WithName("ReadBrake").WithSummary("State of the emergency brake.")
            .Produces<BrakeState>().ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(503);
        rest.MapPut(Routes.Brake, BrakeEndpoints.ChangeAsync).RequireAuthorization(Access.Self)
            .WithName("ChangeBrake").WithSummary("Pulls or releases the emergency brake.")
            .TakesJson<BrakeChange>().Produces<BrakeState>().ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(503);
        rest.MapGet(Routes.Cursors, CursorEndpoints.ReadAsync).RequireAuthorization(Access.Self)
            .WithName("ReadCursors").WithSummary("Cursors that the server keeps.")
            .Produces<IReadOnlyList<ConsumerCursor>>().ProducesProblem(401).ProducesProblem(403).ProducesProblem(503);
        rest.MapPut(Routes.Cursors + "/{consumer}", CursorEndpoints.MoveAsync).RequireAuthorization(Access.Self)
            .WithName("MoveCursor").WithSummary("Moves a cursor forward.")
            .TakesJson<CursorChange>().Produces<ConsumerCursor>().ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(410).ProducesProblem(503);
        rest.MapDelete(Routes.Cursors + "/{consumer}", CursorEndpoints.DeleteAsync).RequireAuthorization(Access.Self)
            .WithName("DeleteCursor").WithSummary("Forgets a cursor.")
            .Produces(204).ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(503);
    }

    private static void MapHealth(IEndpointRouteBuilder app)
    {
        app.MapHealthChecks(Routes.Live, new HealthCheckOptions { Predicate = _ => false, ResponseWriter = Health.WriteAsync }).AllowAnonymous();
        var drain = app.ServiceProvider.GetRequiredService<Drain>();
        app.MapHealthChecks(Routes.Ready, new HealthCheckOptions
        {
            // A node that is going away says so at once, whatever it depends on.
            Predicate = check => check.Tags.Contains(drain.HasBegun ? Health.DrainTag : Health.ReadyTag),
            ResponseWriter = Health.WriteAsync,
        }).AllowAnonymous();
    }
}
