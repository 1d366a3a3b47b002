using System.Net;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Realtime.Contracts;
using Realtime.Contracts.Serialization;
using Realtime.Server;
using Realtime.Server.Publishing;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Hub, store and endpoints inside an application that has authentication, routes and event types of its own.</summary>
[Category("Integration")]
public sealed class HostedInAnotherApplicationTests
{
    [Test]
    public async Task The_hosts_own_bearer_scheme_routes_and_event_types_keep_working()
    {
        using var tokens = TestTokens.Hmac();
        var folder = Directory.CreateTempSubdirectory("realtime-inside-");
        int validated = 0;
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = folder.FullName, EnvironmentName = "Production" });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(tokens.ServerSettings());
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(o => o.Events = new JwtBearerEvents
        {
            OnTokenValidated = _ =>
            {
                Interlocked.Increment(ref validated);
                return Task.CompletedTask;
            },
        });
        builder.Services.AddAuthorization(o => o.FallbackPolicy = o.DefaultPolicy);

        builder.AddRealtimeServer(types => types.Add("order.shipped", TestJsonContext.Default.OrderShipped));

        await using var app = builder.Build();
        app.MapGet("/orders", (HttpContext c) => c.User.Identity!.Name);
        app.MapRealtime();
        await app.StartAsync().WithinDeadline(TimeSpan.FromSeconds(30));
        var address = new Uri(app.Urls.Single());
        await using (var tap = await HubTap.ConnectAsync(address, "user_42", tokens.Create("user_42")))
        {
            var publisher = app.Services.GetRequiredService<IAgentEventPublisher>();
            await publisher.PublishAsync("user_42", new OrderShipped { Number = 7 }).WithinDeadline();
            await tap.WaitForEventsAsync(1);

            tap.Events[0].GetProperty("type").GetString().Should().Be("order.shipped");
            tap.Events[0].GetProperty("data").GetRawText().Should().Be("""{"number":7}""");
        }

        using var http = new HttpClient { BaseAddress = address };
        (await http.GetAsync(Routes.Ready)).StatusCode.Should().Be(HttpStatusCode.OK);
        (await http.GetAsync("/orders")).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        http.DefaultRequestHeaders.Authorization = new("Bearer", tokens.Create("user_42"));
        (await http.GetStringAsync("/orders")).Should().Be("user_42");
        validated.Should().BeGreaterThan(1, "the host's own events still run");
        await app.StopAsync().WithinDeadline(TimeSpan.FromSeconds(30));
        folder.Delete(recursive: true);
    }
}
