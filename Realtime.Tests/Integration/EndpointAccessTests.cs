using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Realtime.Contracts;
using Realtime.Server;
using Realtime.Server.Auth;
using Realtime.Server.Dashboard;
using Realtime.Server.Description;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Closed unless opened on purpose.</summary>
[Category("Integration")]
internal sealed class EndpointAccessTests
{
    /// <summary>What needs no token, each for a reason: whoever adds to this list says why.</summary>
    private static readonly string[] ForEverybody =
    [
        "/health/live", // asked by orchestrators; says nothing but that the process works
        "/health/ready", // asked by load balancers; names what is missing, never a secret
        "/openapi/v1.json", // the contract is public
        "/", // the page; it holds no data, and the person signs in on it
        "/assets/page.js", // the page's own files, as many as its build made
    ];

    /// <summary>Answers without a token too, and only to callers on the same machine (<c>MetricsPageTests</c>).</summary>
    private const string ForThisMachine = "/metrics";

    /// <summary>As <see cref="ForEverybody"/>, in the Development environment only: tokens to try things out with, and the page to try them on.</summary>
    private static readonly string[] ForDevelopers = ["/dev/tokens", "/scalar/{documentName?}", "/scalar/scalar.js", "/scalar/scalar.aspnetcore.js", "/scalar/favicon.svg"];

    [TestCase("Production")]
    [TestCase("Development")]
    public async Task Every_endpoint_demands_a_token_but_those_that_are_meant_for_everybody(string environment)
    {
        await using var host = await RealtimeHost.StartAsync(
            environment: environment, trustTokens: environment == "Production",
            configure: services => RealtimeTelemetry.Register(services, new ConfigurationBuilder().Build()), map: app =>
            {
                app.MapDashboard([File("index.html"), File("assets/page.js")]);
                if (app.Environment.IsDevelopment()) app.MapReferencePage();
            });

        var endpoints = host.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().ToList();

        endpoints.Select(e => e.RoutePattern.RawText).Should().Contain([Routes.Hub, Routes.Hub + "/negotiate", Routes.Events, Routes.Brake, Routes.Cursors, Routes.Activity]);
        endpoints.Where(e => e.Metadata.GetMetadata<IAllowAnonymous>() is not null).Select(e => "/" + e.RoutePattern.RawText!.TrimStart('/'))
            .Should().BeEquivalentTo(environment == "Development" ? [.. ForEverybody, ForThisMachine, .. ForDevelopers] : [.. ForEverybody, ForThisMachine]);
        endpoints.Where(e => e.Metadata.GetMetadata<IAllowAnonymous>() is null && e.Metadata.GetMetadata<IAuthorizeData>()?.Policy is null or Access.Closed)
            .Select(e => e.DisplayName).Should().BeEmpty("what nobody opened is closed by a policy of its own");
    }

    [TestCase("/forgotten/ours", TestName = "An_endpoint_of_ours_that_was_forgotten_is_closed")]
    [TestCase("/forgotten/hosts", TestName = "An_endpoint_beside_ours_that_was_forgotten_is_closed_in_our_own_application")]
    public async Task An_endpoint_that_was_forgotten_is_closed(string path)
    {
        await using var host = await RealtimeHost.StartAsync(
            configure: services => services.CloseWhatNobodyOpened(),
            map: app =>
            {
                app.MapGroup(string.Empty).ClosedUnlessOpened().MapGet("/forgotten/ours", () => "secret");
                app.MapGet("/forgotten/hosts", () => "secret");
            });
        using var stranger = host.ClientWith(token: null);
        using var admin = host.ClientFor("user_42", Scopes.Admin, Scopes.Publish);

        (await stranger.GetAsync(path).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        (await admin.GetAsync(path).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Forbidden);
    }

    [Test]
    public async Task Our_own_application_closes_what_nobody_opened()
    {
        using var services = await ProgramServices.OfAsync("--urls", "http://127.0.0.1:0", "--environment", "Production", "--Authentication:Schemes:Bearer:Authority", "https://login.example.com");

        var fallback = await services.Of<IAuthorizationPolicyProvider>().GetFallbackPolicyAsync();

        fallback.Should().NotBeNull("an endpoint without a policy is closed");
        var admin = new ClaimsPrincipal(new ClaimsIdentity([new("sub", "user_42"), new("scope", $"{Scopes.Admin} {Scopes.Publish}")], "Bearer"));
        var forgotten = new DefaultHttpContext();
        forgotten.SetEndpoint(new RouteEndpoint(_ => Task.CompletedTask, RoutePatternFactory.Parse("/forgotten"), 0, EndpointMetadataCollection.Empty, "forgotten"));
        (await services.Of<IAuthorizationService>().AuthorizeAsync(admin, forgotten, fallback!)).Succeeded.Should().BeFalse("whoever asks");
    }

    [Test]
    public async Task What_is_not_there_still_says_so()
    {
        await using var host = await RealtimeHost.StartAsync(configure: services => services.CloseWhatNobodyOpened());
        using var stranger = host.ClientWith(token: null);

        (await stranger.GetAsync("/nothing/here").WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await stranger.DeleteAsync(Routes.Events).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.MethodNotAllowed);
        (await stranger.GetAsync(Routes.Live).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Test]
    public async Task Operators_endpoints_need_the_admin_scope_and_no_other_will_do()
    {
        await using var host = await RealtimeHost.StartAsync(map: app => app.MapGet("/operators", () => "done").RequireAuthorization(Access.Admin));
        using var stranger = host.ClientWith(token: null);
        using var publisher = host.ClientFor("user_42", Scopes.Publish, Scopes.ReadBrake, "realtime:administrator");
        using var admin = host.ClientFor("user_42", Scopes.Admin);

        (await stranger.GetAsync("/operators").WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        (await publisher.GetAsync("/operators").WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await admin.GetAsync("/operators").WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    private static DashboardFile File(string path) => new(path, [], "text/plain", new("\"tag\""));
}
