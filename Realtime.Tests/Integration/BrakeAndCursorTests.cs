using System.Net;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>The emergency brake and server-kept cursors over HTTP and the hub.</summary>
[Category("Integration")]
[TestFixture(typeof(RealServer))]
[TestFixture(typeof(ServerForTests))]
public sealed class BrakeAndCursorTests<TServer>
    where TServer : ContractServer, new()
{
    TServer _host = null!;
    static int _users;
    string _user = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _host = new TServer();
        await _host.StartAsync();
    }

    [OneTimeTearDown]
    public async Task Stop() => await _host.DisposeAsync();

    [SetUp]
    public void TakeNewUser() => _user = $"brake_{Interlocked.Increment(ref _users)}";

    [Test]
    public async Task A_change_of_the_brake_is_an_event_and_the_same_value_again_is_not()
    {
        using var http = _host.ClientFor(_user);
        await using var tap = await HubTap.ConnectAsync(_host.Address, _user, _host.CreateToken(_user));

        (await (await http.GetAsync(Routes.Brake)).JsonAsync()).GetRawText().Should().Be("""{"engaged":false}""");
        var engaged = await http.PutAsync(Routes.Brake, Samples.Json("""{"engaged":true,"reason":"too fast"}"""));
        var again = await http.PutAsync(Routes.Brake, Samples.Json("""{"engaged":true,"reason":"another"}"""));
        await http.PutAsync(Routes.Brake, Samples.Json("""{"engaged":false}"""));
        await tap.WaitForEventsAsync(2);

        engaged.StatusCode.Should().Be(HttpStatusCode.OK);
        (await again.JsonAsync()).GetProperty("reason").GetString().Should().Be("too fast");
        tap.Events.Select(e => e.GetProperty("type").GetString()).Should().OnlyContain(type => type == "agent.brake_changed");
        tap.Events[0].GetProperty("data").GetRawText().Should().Be($$"""{"engaged":true,"reason":"too fast","changedBy":"{{_user}}"}""");
        tap.Sequences.Distinct().Should().Equal(1, 2);
    }

    [Test]
    public async Task Another_users_brake_is_read_with_a_scope_and_never_changed()
    {
        using var stranger = _host.ClientFor("stranger");
        using var worker = _host.ClientFor("worker", Scopes.ReadBrake);
        string url = $"{Routes.Brake}?user_id={_user}";

        (await stranger.GetAsync(url)).StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await worker.GetAsync(url)).StatusCode.Should().Be(HttpStatusCode.OK);
        (await worker.PutAsync(url, Samples.Json("""{"engaged":true}"""))).StatusCode.Should().Be(HttpStatusCode.Forbidden);
    }

    [TestCase("""{"engaged":"yes"}""", "engaged")]
    [TestCase("{}", "engaged")]
    [TestCase("[", "engaged")]
    [TestCase("null", "body")]
    [TestCase("""{"engaged":true,"reason":"a\u0000b"}""", "reason")]
    [TestCase("""{"engaged":true,"reason":"a\ud800"}""", "reason")]
    public async Task A_malformed_brake_is_400(string body, string field)
    {
        using var http = _host.ClientFor(_user);

        var response = await http.PutAsync(Routes.Brake, Samples.Json(body));

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.JsonAsync()).GetProperty("errors").EnumerateObject().Select(e => e.Name).Should().Equal(field);
    }

    [Test]
    public async Task A_cursor_moves_forward_over_rest_and_hub_and_tells_its_lag()
    {
        using var http = _host.ClientFor(_user, Scopes.Publish);
        for (int i = 0; i < 3; i++) await http.PostAsync(Routes.Events, Samples.Json(Samples.Step(_user, i)));
        string epoch = (await (await http.GetAsync(Routes.Events)).JsonAsync()).GetProperty("head").GetString()!.Split('.')[0];
        await using var tap = await HubTap.ConnectAsync(_host.Address, _user, _host.CreateToken(_user));

        await tap.Connection.InvokeAsync("Acknowledge", "browser", $"{epoch}.2").WithinDeadline();
        var older = await http.PutAsync($"{Routes.Cursors}/browser", Samples.Json($$"""{"position":"{{epoch}}.1"}"""));

        older.StatusCode.Should().Be(HttpStatusCode.OK);
        var cursor = (await (await http.GetAsync(Routes.Cursors)).JsonAsync()).EnumerateArray().Single();
        cursor.GetProperty("position").GetString().Should().Be($"{epoch}.2", "an older position changes nothing");
        cursor.GetProperty("lag").GetInt64().Should().Be(1);
        (await http.PutAsync($"{Routes.Cursors}/browser", Samples.Json($$"""{"position":"{{epoch}}.4"}"""))).StatusCode.Should().Be(HttpStatusCode.Gone);
        (await http.PutAsync($"{Routes.Cursors}/b%20b", Samples.Json($$"""{"position":"{{epoch}}.1"}"""))).StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await http.PutAsync($"{Routes.Cursors}/browser", Samples.Json("""{"position":"x"}"""))).StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await http.DeleteAsync($"{Routes.Cursors}/browser")).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await (await http.GetAsync(Routes.Cursors)).JsonAsync()).GetArrayLength().Should().Be(0);
    }

    [TestCase("consumer!", "k3f9.1", HubErrors.InvalidArgument)]
    [TestCase("browser", "k3f9", HubErrors.InvalidArgument)]
    [TestCase("browser", "zzzz.1", HubErrors.HistoryLost)]
    public async Task A_malformed_acknowledgement_fails_and_the_connection_stays(string consumer, string position, string error)
    {
        await using var tap = await HubTap.ConnectAsync(_host.Address, _user, _host.CreateToken(_user));

        var acknowledge = () => tap.Connection.InvokeAsync("Acknowledge", consumer, position).WithinDeadline();

        (await acknowledge.Should().ThrowAsync<HubException>()).Which.Message.Should().Contain(error);
        (await tap.HeadAsync()).Should().EndWith(".0");
    }
}
