using System.Net;
using Microsoft.Extensions.Hosting;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Server;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>What refuses to start, and what exists in Development only.</summary>
[Category("Integration")]
public sealed class StartUpTests
{
    [Test]
    public async Task Without_a_token_authority_the_server_refuses_to_start_outside_development()
    {
        var start = () => RealtimeHost.StartAsync(trustTokens: false);

        (await start.Should().ThrowAsync<RealtimeConfigurationException>()).Which.Message.Should().Contain("Authentication:Schemes:Bearer:Authority");
    }

    [Test]
    public async Task All_faults_of_the_configuration_are_listed_at_once()
    {
        var start = () => RealtimeHost.StartAsync(
            new Dictionary<string, string?>
            {
                ["ConnectionStrings:Redis"] = "127.0.0.1:1",
                ["Realtime:PublishTimeout"] = "00:00:00",
                ["Realtime:AllowedOrigins:0"] = "app.example.com/path",
            },
            trustTokens: false);

        var faults = (await start.Should().ThrowAsync<RealtimeConfigurationException>()).Which.Faults;
        faults.Should().HaveCount(4);
        faults.Should().Contain(f => f.Contains("ConnectionStrings:Postgres", StringComparison.Ordinal));
        faults.Should().Contain(f => f.Contains("Realtime:PublishTimeout", StringComparison.Ordinal));
        faults.Should().Contain(f => f.Contains("app.example.com/path", StringComparison.Ordinal));
    }

    [TestCase("ConnectionStrings:Postgres", "Host=db;Bogus=1;Password=hunter2")]
    [TestCase("ConnectionStrings:Postgres", "postgres://user:hunter2@db/app")]
    [TestCase("ConnectionStrings:Postgres", "Database=app;Password=hunter2")]
    [TestCase("ConnectionStrings:Redis", "redis:6379,password=hunter2,connectTimeout=soon")]
    [TestCase("ConnectionStrings:Redis", "password=hunter2")]
    [TestCase("Authentication:Schemes:Bearer:SigningKeys:0:Value", "hunter2")]
    [TestCase("Authentication:Schemes:Bearer:Authority", "login.example.com")]
    [TestCase("Authentication:Schemes:Bearer:Authority", "http://login.example.com")]
    [TestCase("Authentication:Schemes:Bearer:RequireHttpsMetadata", "perhaps")]
    [TestCase("Realtime:PublishTimeout", "soon")]
    [TestCase("Realtime:BackplaneKey", "hunter2")]
    [TestCase("Realtime:BackplaneKey", "aHVudGVyMg==")]
    [TestCase("Realtime:PreviousBackplaneKey", "/v8A/v8A/v8A/v8A/v8A/v8A/v8A/v8A/v8A/v8A/v8=")]
    [TestCase("Realtime:TokenGrace", "9999.00:00:00")]
    [TestCase("Realtime:DrainWindow", "-00:00:01")]
    [TestCase("Realtime:DrainWindow", "01:00:00")]
    public async Task A_setting_that_cannot_work_is_named_in_one_line_without_its_secret(string key, string value)
    {
        var settings = new Dictionary<string, string?> { ["ConnectionStrings:Postgres"] = "Host=db", [key] = value };

        var start = () => RealtimeHost.StartAsync(settings);

        (await start.Should().ThrowAsync<RealtimeConfigurationException>()).Which.Faults
            .Should().ContainSingle().Which.Should().Contain(key).And.NotContain("\n").And.NotContain("hunter2");
    }

    [Test]
    public async Task A_bad_setting_ends_the_process_with_code_1_and_one_line()
    {
        var start = () => ServerNode.StartAsync(new ServerNodeOptions
        {
            EnvironmentName = "Development",
            Settings = new Dictionary<string, string?> { ["ConnectionStrings:Postgres"] = "nonsense" },
        }).WithinDeadline(TimeSpan.FromMinutes(3));

        (await start.Should().ThrowAsync<HarnessException>()).Which.Message
            .Should().Contain("exit code 1").And.Contain("ConnectionStrings:Postgres cannot be read").And.NotContain("   at ");
    }

    [Test]
    public async Task A_database_of_a_newer_release_ends_the_server_also_when_it_comes_back_later()
    {
        await using var postgres = await PostgresServer.StartAsync().WithinDeadline(TimeSpan.FromMinutes(3));
        var settings = new Dictionary<string, string?> { ["ConnectionStrings:Postgres"] = postgres.ConnectionString };
        await using (await RealtimeHost.StartAsync(settings))
        {
            await postgres.PsqlAsync("insert into realtime.schema_versions (version, name) values (9999, 'from the future')").WithinDeadline();
        }

        await postgres.StopImmediateAsync().WithinDeadline(TimeSpan.FromMinutes(3));
        using var tokens = TestTokens.Hmac();
        var node = await ServerNode.StartAsync(new ServerNodeOptions
        {
            Settings = new Dictionary<string, string?>(tokens.ServerSettings()) { ["ConnectionStrings:Postgres"] = postgres.ConnectionString },
            ReadyPath = Routes.Live,
        }).WithinDeadline(TimeSpan.FromMinutes(3));
        await using var disposal = node;
        await postgres.RestartAsync().WithinDeadline(TimeSpan.FromMinutes(3));

        await Eventually.Async("the server has ended", () => !node.IsRunning, TimeSpan.FromSeconds(60));

        await Eventually.Async("its last line is read", () => node.Output.Any(line => line.StartsWith("The database schema has version 9999", StringComparison.Ordinal)));
    }

    [Test]
    public async Task Without_redis_the_server_opens_degraded_stores_and_acknowledges()
    {
        await using var host = await RealtimeHost.StartAsync(new Dictionary<string, string?>
        {
            ["ConnectionStrings:Postgres"] = await Shared.CreateDatabaseAsync(),
            ["ConnectionStrings:Redis"] = $"127.0.0.1:{FreePort.Next()},connectTimeout=500",
        });
        using var http = host.ClientFor("anna", Scopes.Publish);

        var ready = await http.GetAsync(Routes.Ready).WithinDeadline();
        ready.StatusCode.Should().Be(HttpStatusCode.OK);
        (await ready.JsonAsync()).GetProperty("status").GetString().Should().Be("degraded");
        (await http.PostAsync(Routes.Events, Samples.Json(Samples.Step("anna"))).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Created);
        (await (await http.GetAsync(Routes.Events).WithinDeadline()).JsonAsync()).GetProperty("events").GetArrayLength().Should().Be(1);
    }

    [Test]
    public void A_publisher_without_postgres_says_so_in_one_line()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Configuration.Sources.Clear();

        var add = () => builder.AddRealtimePublisher();

        add.Should().Throw<RealtimeConfigurationException>().Which.Faults.Should().ContainSingle().Which.Should().Contain("ConnectionStrings:Postgres").And.NotContain("\n");
    }

    [Test]
    public async Task Dev_tokens_exist_in_development_and_nowhere_else()
    {
        var settings = new Dictionary<string, string?>();
        await using var development = await RealtimeHost.StartAsync(settings, trustTokens: false, environment: "Development");
        await using var production = await RealtimeHost.StartAsync(settings);
        using var developer = development.ClientWith(token: null);
        using var stranger = production.ClientWith(token: null);

        var answer = await developer.PostAsync(Routes.DevTokens, Samples.Json("""{"userId":"demo","scopes":["events:publish"]}"""));
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        using var demo = development.ClientWith((await answer.JsonAsync()).GetProperty("accessToken").GetString());
        (await demo.PostAsync(Routes.Events, Samples.Json(Samples.Step("demo")))).StatusCode.Should().Be(HttpStatusCode.Created);
        (await developer.PostAsync(Routes.DevTokens, Samples.Json("""{"userId":"a b"}"""))).StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await stranger.PostAsync(Routes.DevTokens, Samples.Json("""{"userId":"demo"}"""))).StatusCode.Should().Be(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task In_development_tokens_by_dotnet_user_jwts_and_by_dev_tokens_share_the_configured_key()
    {
        await using var host = await RealtimeHost.StartAsync(environment: "Development");
        using var anybody = host.ClientWith(token: null);
        var issued = await (await anybody.PostAsync(Routes.DevTokens, Samples.Json("""{"userId":"demo"}"""))).JsonAsync();

        using var byDevTokens = host.ClientWith(issued.GetProperty("accessToken").GetString());
        using var byUserJwts = host.ClientFor("demo");
        (await byDevTokens.GetAsync(Routes.Events)).StatusCode.Should().Be(HttpStatusCode.OK);
        (await byUserJwts.GetAsync(Routes.Events)).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Test]
    public async Task The_open_api_document_names_every_route_of_the_contract()
    {
        await using var host = await RealtimeHost.StartAsync();
        using var http = host.ClientWith(token: null);

        var paths = (await (await http.GetAsync("/openapi/v1.json")).JsonAsync()).GetProperty("paths");

        foreach (string route in new[] { Routes.Events, Routes.Activity, Routes.Brake, Routes.Cursors, Routes.Cursors + "/{consumer}", Routes.Revocations, Routes.Disconnect })
            paths.TryGetProperty(route, out _).Should().BeTrue(route);
    }
}
