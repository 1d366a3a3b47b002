using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Server.EventStore;
using Realtime.Tests.Specifications;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>The role that servers run as, here as in production: what it may, what it may not, and what is said when it may too little.</summary>
[Category("Integration")]
public sealed class DatabaseRoleTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Test]
    public async Task The_servers_role_can_neither_create_nor_change_nor_drop_nor_read_what_is_not_its_own()
    {
        string database = await Shared.CreateDatabaseAsync();
        await using (var superuser = await SqlDoor.ConnectAsync(database)) await superuser.RunAsync("create table public.salaries (name text, amount int)");
        await using var role = new NpgsqlConnection(database + ";Pooling=false");
        await role.OpenAsync().WithinDeadline();

        foreach (string sql in new[]
        {
            "create table realtime.mine (x int)", "create table public.mine (x int)", "create temporary table mine (x int)", "create schema mine",
            "create role mine", "create database mine", "drop table realtime.events", "alter table realtime.events add mine int", "truncate realtime.events",
            "create or replace function realtime.timeline() returns int language sql return 1",
            "update realtime.events set data = '{}'", "delete from realtime.streams", "insert into realtime.history_record (epoch) values ('mine')",
            "insert into realtime.schema_versions (version, name) values (9999, 'mine')",
            "select realtime.renew_backplane_secret()", "update realtime.backplane_secrets set secret = secret",
            "select * from append_agent_event('anna', 'test.happened', '{}')",
            "select * from public.salaries", "select * from pg_authid", "select pg_read_file('/etc/passwd')", "copy realtime.events to program 'true'",
        })
        {
            var run = () => role.RunAsync(sql);
            (await run.Should().ThrowAsync<PostgresException>(sql)).Which.SqlState.Should().Be(PostgresErrorCodes.InsufficientPrivilege, sql);
        }
    }

    [Test]
    public async Task A_server_does_all_its_work_as_that_role()
    {
        string database = await Shared.CreateDatabaseAsync();
        await using var host = await RealtimeHost.StartAsync(new Dictionary<string, string?>
        {
            ["ConnectionStrings:Postgres"] = database,
            ["Realtime:ListenForNotifications"] = "true",
        });
        await using var tap = await HubTap.ConnectAsync(host.Address, "anna", host.Tokens.Create("anna"));
        using var anna = host.ClientFor("anna", Scopes.Publish);

        (await anna.PostAsync(Routes.Events, Samples.Json(Samples.Step("anna")))).StatusCode.Should().Be(HttpStatusCode.Created);
        (await anna.PutAsync(Routes.Brake, Samples.Json("""{"engaged":true}"""))).StatusCode.Should().Be(HttpStatusCode.OK);
        await SqlDoor.AppendAsync(database, "anna");
        await tap.WaitForEventsAsync(3);
        string head = await tap.HeadAsync();
        (await anna.PutAsync($"{Routes.Cursors}/app", Samples.Json($$"""{"position":"{{head}}"}"""))).StatusCode.Should().Be(HttpStatusCode.OK);
        (await anna.DeleteAsync($"{Routes.Cursors}/app")).IsSuccessStatusCode.Should().BeTrue();
        (await host.Services.GetRequiredService<IEventStore>().TrimAsync("anna", 1, 100, CancellationToken.None).WithinDeadline()).Should().Be(1);
        (await host.Services.GetRequiredService<IEpochStore>().TryRenewAsync(null, CancellationToken.None).WithinDeadline()).Should().NotBeNull();

        await using var superuser = await SqlDoor.ConnectAsync(database);
        (await superuser.RunAsync("select array_agg(distinct usename::text) from pg_stat_activity where datname = current_database() and application_name like 'realtime%'"))
            .Should().BeEquivalentTo(new[] { PostgresServer.ServerRole });
    }

    [Test]
    public async Task Before_the_owner_has_upgraded_the_server_says_what_to_run_and_afterwards_it_starts()
    {
        string owner = await Shared.CreateEmptyDatabaseAsync();
        using var tokens = TestTokens.Hmac();
        var settings = new Dictionary<string, string?>(tokens.ServerSettings()) { ["ConnectionStrings:Postgres"] = PostgresServer.As(PostgresServer.ServerRole, owner) };
        var tooEarly = () => ServerNode.StartAsync(new() { Settings = settings }).WithinDeadline(Patience);

        // The host logs the exception with its stack before; the last line is for the operator.
        string why = (await tooEarly.Should().ThrowAsync<HarnessException>()).Which.Message;
        why.Should().Contain("exit code 1");
        why.TrimEnd().Split('\n')[^1].Should().StartWith("The database role").And.EndWith($"schema upgrade --server-role {PostgresServer.ServerRole}");
        await using var upgrade = await ProgramRun.StartProjectAsync(
            "Realtime.Server", "schema", "upgrade", "--server-role", PostgresServer.ServerRole, "--ConnectionStrings:Postgres", owner);
        (await upgrade.WaitForExitAsync(Patience)).Should().Be(0, string.Join('\n', upgrade.Output));
        upgrade.Output.Should().ContainSingle().Which.Should().Contain("The schema has version").And.Contain(PostgresServer.ServerRole);

        await using var host = await RealtimeHost.StartAsync(settings, tokens);
        using var anna = host.ClientFor("anna", Scopes.Publish);
        (await anna.PostAsync(Routes.Events, Samples.Json(Samples.Step("anna")))).StatusCode.Should().Be(HttpStatusCode.Created);
    }

    [Test]
    public async Task A_right_that_is_missing_is_named_at_the_start()
    {
        string database = await Shared.CreateDatabaseAsync();
        await using (var superuser = await SqlDoor.ConnectAsync(database)) await superuser.RunAsync($"revoke delete on realtime.cursors from {PostgresServer.ServerRole}");

        var start = () => RealtimeHost.StartAsync(new Dictionary<string, string?> { ["ConnectionStrings:Postgres"] = database });

        (await start.Should().ThrowAsync<DatabaseRightsException>()).Which.Message.Should().Contain("lacks delete on cursors").And.NotContain("\n");
    }

    [Test]
    public async Task Servers_that_start_together_on_an_empty_database_as_its_owner_upgrade_it_once()
    {
        string owner = await Shared.CreateEmptyDatabaseAsync();
        var nodes = Enumerable.Range(0, 4).Select(_ => new EventStorePostgresUnderTest(owner)).ToList();

        await Task.WhenAll(nodes.Select(node => Task.Run(() => node.Events.InitializeAsync(CancellationToken.None)))).WithinDeadline(Patience);

        var epochs = await Task.WhenAll(nodes.Select(node => node.Epochs.ReadAsync(CancellationToken.None))).WithinDeadline(Patience);
        epochs.Distinct().Should().ContainSingle();
        foreach (var node in nodes) await node.DisposeAsync();
    }
}
