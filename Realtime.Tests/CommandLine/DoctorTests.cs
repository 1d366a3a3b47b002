using System.Text.Json;
using Npgsql;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Tests.Integration;
using Realtime.Tests.Support;

namespace Realtime.Tests.CommandLine;

/// <summary><c>doctor</c> against real servers, in health and with each fault that it is there for. No output holds a secret.</summary>
[Category("Integration")]
public sealed class DoctorTests
{
    const string Password = "s3cret-of-nobody";

    [Test]
    public async Task A_healthy_set_up_passes_with_every_part_looked_at()
    {
        using var tokens = TestTokens.Hmac();
        var settings = await SettingsAsync(tokens);
        await using var host = await RealtimeHost.StartAsync(settings, tokens);
        string token = tokens.Create("anna");

        var (exitCode, document) = await Commands.RunJsonAsync(["doctor", "--url", host.Address.ToString(), "--token", token, "--user", "anna", .. Arguments(settings)]);

        exitCode.Should().Be(0, document.ToString());
        var checks = Checks(document);
        checks.Where(c => c.Value.Status == "failed").Should().BeEmpty();
        foreach (string check in new[]
        {
            "configuration", "postgres", "postgres.durability", "postgres.replication", "postgres.timeouts", "postgres.connections", "nodes.release", "postgres.schema",
            "postgres.rights", "postgres.history", "clock.postgres", "redis", "redis.pubsub", "redis.buffers", "redis.memory", "redis.key", "authority", "token",
            "token.lifetime", "token.user", "token.issuer", "token.audience", "server", "clock.server", "server.ready", "server.token", "server.websocket",
        }) checks[check].Status.Should().Be("ok", $"{check}: {checks[check]}");
        checks["nodes.release"].Found.Should().StartWith("1 process(es) of 0.1.0");
        document.ToString().Should().NotContain(token.Split('.')[2]).And.NotContain(settings["Authentication:Schemes:Bearer:SigningKeys:0:Value"]);
    }

    [Test]
    public async Task Every_fault_is_one_line_with_its_fix_and_none_hides_another()
    {
        await using var postgres = await PostgresServer.StartAsync(new PostgresServerOptions { Fsync = false, MaxConnections = 12, Settings = new Dictionary<string, string> { ["statement_timeout"] = "1000" } });
        await using var redis = await RedisServer.StartAsync(extraArguments: ["--requirepass", Password, "--client-output-buffer-limit", "pubsub", "1mb", "1mb", "10"]);
        using var tokens = TestTokens.Hmac();
        string expired = tokens.Create(new TokenClaims { Subject = "anna", Issuer = "https://other.test", Audience = "shop", AuthorizedParty = "x", ExpiresIn = TimeSpan.FromMinutes(-5) });
        var settings = new Dictionary<string, string?>(tokens.ServerSettings())
        {
            ["ConnectionStrings:Postgres"] = postgres.ConnectionString,
            ["ConnectionStrings:Redis"] = redis.ConnectionString + ",password=" + Password,
            ["Realtime:LosslessFailover"] = "true",
            ["Realtime:AuthorizedParties:0"] = "web",
            ["Realtime:Retension"] = "1.00:00:00",
        };

        var run = await Commands.RunAsync(["doctor", "--url", $"http://127.0.0.1:{FreePort.Next()}", "--token", expired, "--user", "ben", .. Arguments(settings)]);

        run.ExitCode.Should().Be(1);
        foreach (var (begin, found) in new[]
        {
            ("failed   configuration", "Realtime:Retention"), ("failed   postgres.durability", "fsync off"), ("failed   postgres.replication", "LosslessFailover"),
            ("warning  postgres.timeouts", "statement_timeout 1000 ms"), ("warning  postgres.connections", "max_connections 12"), ("warning  postgres.schema", "none yet"),
            ("ok       redis ", "password"), ("warning  redis.buffers", "1 MiB"), ("failed   token.lifetime", "claim exp: expired 5 min ago"),
            ("failed   token.user", "claim sub is anna, but the user is ben"), ("failed   token.issuer", "https://other.test"), ("failed   token.audience", "shop"),
            ("failed   token.party", "azp"), ("failed   server ", "refused"),
        }) run.Line(begin).Should().Contain(found);
        foreach (var (line, next) in run.Lines.Zip(run.Lines.Skip(1)).Where(p => p.First.StartsWith("failed", StringComparison.Ordinal) || p.First.StartsWith("warning", StringComparison.Ordinal)))
            next.Should().Contain("  -> ", line);
        run.Text.Should().NotContain(Password).And.NotContain(expired.Split('.')[1]).And.NotContain("   at ");
    }

    [TestCase("Password" + "=wrong-password-here;Username=nobody", "Correct Username and Password|no role|does not exist|pg_hba")]
    [TestCase("Database=not_there", "create database not_there")]
    [TestCase("Port=1", "Start PostgreSQL")]
    public async Task A_database_that_refuses_says_why(string change, string fix)
    {
        var given = new NpgsqlConnectionStringBuilder((await Shared.PostgresAsync()).ConnectionString);
        foreach (string part in change.Split(';')) given[part.Split('=')[0]] = part.Split('=')[1];

        var run = await Commands.RunAsync("doctor", "--ConnectionStrings:Postgres", given.ConnectionString);

        run.ExitCode.Should().Be(1);
        run.Line("failed   postgres ").Should().NotBeEmpty();
        run.Text.Should().MatchRegex(fix).And.NotContain("wrong-password-here");
    }

    [Test]
    public async Task Missing_rights_and_a_schema_that_is_too_new_are_named()
    {
        string database = await Shared.CreateDatabaseAsync();
        await using var superuser = await SqlDoor.ConnectAsync(database);
        await superuser.RunAsync($"revoke delete on realtime.cursors from {PostgresServer.ServerRole}");
        (await Commands.RunAsync("doctor", "--ConnectionStrings:Postgres", database)).Line("failed   postgres.rights").Should().Contain("delete on cursors");

        await superuser.RunAsync("insert into realtime.schema_versions (version, name) values (9999, 'tomorrow')");
        (await Commands.RunAsync("doctor", "--ConnectionStrings:Postgres", database)).Line("failed   postgres.schema").Should().Contain("version 9999").And.Contain("newer release");
    }

    [Test]
    public async Task Two_releases_on_one_store_are_a_warning()
    {
        string database = await Shared.CreateDatabaseAsync();
        await using var old = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database) { ApplicationName = "realtime/0.0.9 aaaaaa head check", Pooling = false }.ConnectionString);
        await using var next = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database) { ApplicationName = "realtime/0.0.8 bbbbbb", Pooling = false }.ConnectionString);
        await old.OpenAsync().WithinDeadline();
        await next.OpenAsync().WithinDeadline();

        (await Commands.RunAsync("doctor", "--ConnectionStrings:Postgres", database)).Line("warning  nodes.release").Should().Contain("0.0.8").And.Contain("0.0.9");
    }

    [Test]
    public async Task A_proxy_that_cuts_websockets_and_a_refused_token_are_told_apart()
    {
        using var tokens = TestTokens.Hmac();
        await using var host = await RealtimeHost.StartAsync(new Dictionary<string, string?>(tokens.ServerSettings()), tokens);
        await using var proxy = await HttpOnlyProxy.StartAsync(host.Address);

        var blocked = await Commands.RunAsync("doctor", "--remote", "--url", proxy.Address, "--token", tokens.Create("anna"));
        blocked.ExitCode.Should().Be(1);
        blocked.Line("ok       server.token").Should().Contain("anna");
        blocked.Line("failed   server.websocket").Should().Contain("does not pass WebSockets on");

        using var foreign = TestTokens.Hmac();
        var refused = await Commands.RunAsync("doctor", "--remote", "--url", host.Address.ToString(), "--token", foreign.Create("anna"));
        refused.ExitCode.Should().Be(1);
        refused.Line("failed   server.token").Should().Contain("401");
        refused.Line("ok       token ").Should().Contain("sub anna");
    }

    [Test]
    public async Task A_development_server_needs_no_token_and_an_embedded_store_is_looked_at()
    {
        await using var node = await ServerNode.StartAsync(new() { EnvironmentName = "Development" }).WithinDeadline(TimeSpan.FromMinutes(2));

        var run = await Commands.RunAsync(
            "doctor", "--url", node.Address.ToString(), "--environment", "Development", "--Storage:SqlitePath", Path.Combine(node.ContentRoot, "data", "realtime.db"));

        run.ExitCode.Should().Be(0, run.Text);
        run.Line("ok       sqlite.journal").Should().Contain("wal");
        run.Line("ok       server.websocket").Should().Contain("the hub greets");
    }

    static async Task<Dictionary<string, string?>> SettingsAsync(TestTokens tokens) => new(tokens.ServerSettings())
    {
        ["ConnectionStrings:Postgres"] = await Shared.CreateDatabaseAsync(),
        ["ConnectionStrings:Redis"] = (await Shared.RedisAsync()).ConnectionString,
    };

    static IEnumerable<string> Arguments(Dictionary<string, string?> settings) => settings.Select(s => $"--{s.Key}={s.Value}");

    static Dictionary<string, Check> Checks(JsonElement document) => document.GetProperty("checks").EnumerateArray()
        .ToDictionary(c => c.GetProperty("check").GetString()!, c => new Check(c.GetProperty("status").GetString()!, c.GetProperty("found").GetString()!));

    sealed record Check(string Status, string Found);
}
