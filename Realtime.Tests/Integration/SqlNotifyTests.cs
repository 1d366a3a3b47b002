using System.Net;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Who notifies, and how often: only appends made in SQL, only when asked, once per transaction and user.</summary>
[Category("Integration")]
public sealed class SqlNotifyTests
{
    string _database = null!;

    [SetUp]
    public async Task CreateDatabase()
    {
        _database = await Shared.CreateDatabaseAsync();
        await using var host = await RealtimeHost.StartAsync(new Dictionary<string, string?> { ["ConnectionStrings:Postgres"] = _database });
    }

    [TestCase("", false)]
    [TestCase("set local realtime.notify = off;", false)]
    [TestCase("set local realtime.notify = onn;", false)]
    [TestCase("set local realtime.notify = on;", true)]
    [TestCase("set local realtime.notify = 'TRUE';", true)]
    [TestCase("set local realtime.notify = 1;", true)]
    public async Task Nothing_is_notified_unless_it_is_asked_for(string setting, bool isNotified)
    {
        await using var ear = await SqlDoor.OverhearAsync(_database);

        await SqlDoor.AppendAsync(_database, "user_1", setting);

        (await ear.AllAsync(_database)).Should().Equal(isNotified ? ["user_1"] : []);
    }

    [Test]
    public async Task The_setting_ends_with_its_transaction_and_may_belong_to_a_connection_string_or_a_database()
    {
        await using var ear = await SqlDoor.OverhearAsync(_database);
        await SqlDoor.AppendAsync(_database + ";Options=-c realtime.notify=on", "by_connection_string", before: string.Empty);
        await using var connection = await SqlDoor.ConnectAsync(_database);
        await connection.RunAsync($"begin; {SqlDoor.On} select append_agent_event('once', 'test.happened', '1'); commit");
        await connection.RunAsync("begin; select append_agent_event('not_again', 'test.happened', '1'); commit");
        await connection.RunAsync($"alter database {connection.Database} set realtime.notify = on");
        await SqlDoor.AppendAsync(_database, "in_a_new_session", before: string.Empty);

        (await ear.AllAsync(_database)).Should().Equal("by_connection_string", "once", "in_a_new_session");
    }

    [Test]
    public async Task A_transaction_notifies_once_for_each_user_and_not_of_what_it_rolled_back()
    {
        await using var ear = await SqlDoor.OverhearAsync(_database);
        await using var connection = await SqlDoor.ConnectAsync(_database);

        await connection.RunAsync($"begin; {SqlDoor.On} {Append("a")} {Append("b")} {Append("a")} savepoint s; {Append("a")} {Append("c")} rollback to savepoint s; {Append("b")} commit");
        await SqlDoor.AppendAsync(_database, "d", end: "rollback");

        (await ear.AllAsync(_database)).Should().Equal("a", "b");

        static string Append(string user) => $"select append_agent_event('{user}', 'test.happened', '1');";
    }

    [Test]
    public async Task The_servers_own_publishes_never_notify_whatever_the_database_says()
    {
        await using (var connection = await SqlDoor.ConnectAsync(_database))
            await connection.RunAsync($"alter database {connection.Database} set realtime.notify = on");
        await using var ear = await SqlDoor.OverhearAsync(_database);
        await using var host = await RealtimeHost.StartAsync(new Dictionary<string, string?> { ["ConnectionStrings:Postgres"] = _database });
        using var publisher = host.ClientFor("worker", Scopes.Publish);
        using var user = host.ClientFor("published");

        (await publisher.PostAsync(Routes.Events, Samples.Json(Samples.Step("published")))).StatusCode.Should().Be(HttpStatusCode.Created);
        (await user.PutAsync(Routes.Brake, Samples.Json("""{"engaged":true}"""))).StatusCode.Should().Be(HttpStatusCode.OK);
        await SqlDoor.AppendAsync(_database, "appended", before: string.Empty);

        (await ear.AllAsync(_database)).Should().Equal("appended");
    }
}
