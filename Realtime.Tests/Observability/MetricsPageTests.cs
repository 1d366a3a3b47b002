using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.OpsCheck;
using Realtime.Server;
using Realtime.Server.Telemetry;
using Realtime.Tests.Support;

namespace Realtime.Tests.Observability;

/// <summary>Who gets to see the metrics, and where.</summary>
[Category("Integration")]
public sealed class MetricsPageTests
{
    [TestCase("127.0.0.1", "localhost:5000", null, true)]
    [TestCase("::1", "[::1]:5000", null, true)]
    [TestCase("::ffff:127.0.0.1", "127.0.0.1", null, true)]
    [TestCase("10.0.0.7", "localhost", null, false)]
    [TestCase("127.0.0.1", "realtime.example.com", null, false)]
    [TestCase("127.0.0.1", "localhost", "X-Forwarded-For", false)]
    [TestCase("127.0.0.1", "localhost", "Forwarded", false)]
    [TestCase("127.0.0.1", "localhost", "Via", false)]
    [TestCase(null, "localhost", null, false)]
    public void Only_a_caller_on_the_same_machine_that_is_no_proxy_counts_as_local(string? address, string host, string? header, bool isLocal)
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = address is null ? null : IPAddress.Parse(address);
        context.Request.Host = new HostString(host);
        if (header is not null) context.Request.Headers[header] = "203.0.113.7";

        MetricsPage.IsLocal(context).Should().Be(isLocal);
    }

    [Test]
    public async Task Without_a_management_port_the_page_is_there_for_this_machine_and_for_nobody_behind_a_proxy()
    {
        await using var host = await StartAsync(managementPort: null);
        using var local = host.ClientWith(token: null);
        using var proxied = host.ClientWith(token: null);
        proxied.DefaultRequestHeaders.Add("X-Forwarded-For", "203.0.113.7");

        var answer = await local.GetAsync(Routes.Metrics).WithinDeadline();

        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.MediaType.Should().Be("text/plain");
        PromQl.SeriesNames(await answer.Content.ReadAsStringAsync()).Should().Contain(["realtime_server_events_appended_total", "realtime_server_connections", "realtime_server_limits_reached_total"], "also before the first event");
        (await proxied.GetAsync(Routes.Metrics).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task The_management_port_has_metrics_and_health_and_nothing_else_and_the_main_port_no_metrics()
    {
        int port = FreePort.Next();
        await using var host = await StartAsync(port);
        using var main = host.ClientFor("user_42", Scopes.Publish, Scopes.Admin);
        using var management = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        management.DefaultRequestHeaders.Authorization = main.DefaultRequestHeaders.Authorization;

        foreach (string path in new[] { Routes.Metrics, Routes.Live, Routes.Ready })
            (await management.GetAsync(path).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.OK, path);
        foreach (string path in new[] { "/", Routes.Events, Routes.Revocations, Routes.HubFor("user_42"), Routes.HubFor("user_42") + "/negotiate", "/openapi/v1.json", Routes.DevTokens, "/metrics/x", "/health" })
        {
            (await management.GetAsync(path).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.NotFound, path);
            (await management.PostAsync(path, null).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.NotFound, path);
        }

        (await management.DeleteAsync(Routes.Live).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await main.GetAsync(Routes.Metrics).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await main.GetAsync(Routes.Live).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.OK);
        host.Logs.All.Should().Contain(line => line.Text.Contains($"on port {port}", StringComparison.Ordinal));
    }

    [Test]
    public async Task Ready_on_the_management_port_says_what_it_says_on_the_main_port()
    {
        int port = FreePort.Next();
        await using var host = await StartAsync(port);
        using var main = host.ClientWith(token: null);
        using var management = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

        (await management.GetStringAsync(Routes.Ready).WithinDeadline()).Should().Be(await main.GetStringAsync(Routes.Ready).WithinDeadline());
        (await management.GetStringAsync(Routes.Live).WithinDeadline()).Should().Be(await main.GetStringAsync(Routes.Live).WithinDeadline());
    }

    [TestCase("0")]
    [TestCase("65536")]
    [TestCase("a")]
    public async Task A_management_port_that_is_none_ends_the_start(string port)
    {
        var starting = () => RealtimeHost.StartAsync([new("Realtime:ManagementPort", port)]);

        (await starting.Should().ThrowAsync<RealtimeConfigurationException>()).Which.Message.Should().Contain("Realtime:ManagementPort");
    }

    static Task<RealtimeHost> StartAsync(int? managementPort)
    {
        var settings = new Dictionary<string, string?> { ["Realtime:ManagementPort"] = managementPort?.ToString() };
        return RealtimeHost.StartAsync(settings, configure: services => RealtimeTelemetry.Register(services, new ConfigurationBuilder().AddInMemoryCollection(settings).Build()));
    }
}
