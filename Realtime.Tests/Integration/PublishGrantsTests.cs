using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.SignalR.Client;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>A publisher's token may be restricted to users and agents; each event of an array is held to it.</summary>
[Category("Integration")]
public sealed class PublishGrantsTests
{
    const string Users = "realtime_users";
    const string Agents = "realtime_agents";
    RealtimeHost _host = null!;

    [OneTimeSetUp]
    public async Task Start() => _host = await RealtimeHost.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _host.DisposeAsync();

    [TestCase("anna", "anna", HttpStatusCode.Created)]
    [TestCase("anna", "berta", HttpStatusCode.Forbidden)]
    [TestCase("anna", "Anna", HttpStatusCode.Forbidden)]
    [TestCase("anna,berta", "berta", HttpStatusCode.Created)]
    [TestCase("anna,berta", "carl", HttpStatusCode.Forbidden)]
    public async Task Users_may_be_a_string_or_an_array_and_are_compared_ordinally(string allowed, string user, HttpStatusCode expected)
    {
        string[] names = allowed.Split(',');

        (await PostAsync(Token(Users, names.Length == 1 ? names[0] : names), Samples.Step(user))).StatusCode.Should().Be(expected);
    }

    [TestCase("agent_7", HttpStatusCode.Created)]
    [TestCase("agent_8", HttpStatusCode.Forbidden)]
    [TestCase("agent_7 agent_8", HttpStatusCode.Forbidden)]
    public async Task Agents_are_compared_with_the_agent_that_the_event_names(string allowed, HttpStatusCode expected) =>
        (await PostAsync(Token(Agents, allowed), Samples.Step("anna"))).StatusCode.Should().Be(expected);

    [TestCase(Users)]
    [TestCase(Agents)]
    public async Task Claim_that_names_nobody_allows_nothing(string claim)
    {
        foreach (object nobody in new object[] { Array.Empty<string>(), string.Empty, 7, new Dictionary<string, string> { ["anna"] = "agent_7" }, new object[] { new[] { "anna", "agent_7" } } })
            (await PostAsync(Token(claim, nobody), Samples.Step("anna"))).StatusCode.Should().Be(HttpStatusCode.Forbidden);
    }

    [Test]
    public async Task Claim_that_names_nobody_allows_nothing_when_its_token_is_used_again()
    {
        string token = Token(Users, Array.Empty<string>());

        for (int i = 0; i < 3; i++) (await PostAsync(token, Samples.Step("anna"))).StatusCode.Should().Be(HttpStatusCode.Forbidden);
    }

    [Test]
    public async Task Both_claims_must_allow_an_event()
    {
        string token = _host.Tokens.Create(Claims(new Dictionary<string, object> { [Users] = "anna", [Agents] = "agent_7" }));
        var ofAnother = Samples.Step("anna");
        ofAnother["data"]!["agentId"] = "agent_8";

        (await PostAsync(token, Samples.Step("anna"))).StatusCode.Should().Be(HttpStatusCode.Created);
        (await PostAsync(token, Samples.Step("berta"))).StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await PostAsync(token, ofAnother)).StatusCode.Should().Be(HttpStatusCode.Forbidden);
    }

    [Test]
    public async Task Event_that_names_no_agent_is_not_allowed_to_a_token_that_does()
    {
        var briefing = new JsonObject
        {
            ["userId"] = "anna",
            ["type"] = "briefing.delivered",
            ["data"] = new JsonObject { ["briefingId"] = "b", ["title"] = "t", ["channel"] = "email", ["itemCount"] = 1 },
        };

        (await PostAsync(Token(Agents, "agent_7"), briefing)).StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await PostAsync(Token(Users, "anna"), briefing.DeepClone())).StatusCode.Should().Be(HttpStatusCode.Created);
    }

    [TestCase("\"agentId\":\"agent_7\",\"agentId\":\"agent_8\"")]
    [TestCase("\"agentId\":\"agent_8\",\"agentId\":\"agent_7\"")]
    [TestCase("\"agentId\":\"agent_7\",\"AgentId\":\"agent_8\"")]
    [TestCase("\"agentId\":\"agent_7\",\"agent\\u0049d\":\"agent_8\"")]
    [TestCase("\"agentId\":[\"agent_7\"]")]
    [TestCase("\"agentId\":\"\\ud800\"")]
    [TestCase("\"AgentId\":\"agent_7\"")]
    public async Task Agent_is_not_smuggled_in_beside_an_allowed_one(string members)
    {
        string body = $$"""{"userId":"anna","type":"agent.step_completed","data":{{{members}},"agentName":"n","runId":"r","stepIndex":0,"stepName":"s","status":"succeeded","startedAt":"2026-11-23T03:27:00Z","durationMs":1} }""";
        using var http = _host.ClientWith(Token(Agents, "agent_7"));

        (await http.PostAsync(Routes.Events, Samples.Json(body)).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Forbidden);
    }

    [Test]
    public async Task One_foreign_event_refuses_the_whole_array_by_its_index()
    {
        const string User = "grants_array";

        var refused = await PostAsync(Token(Users, User), new JsonArray(Samples.Step(User), Samples.Step(User, 1), Samples.Step("somebody")));

        refused.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        var problem = await refused.JsonAsync();
        problem.GetProperty("type").GetString().Should().Be(ProblemTypes.PublishRestricted);
        problem.GetProperty("index").GetInt32().Should().Be(2);
        problem.GetProperty("errors").GetProperty("[2].userId")[0].GetString().Should().Contain(Users);
        problem.GetProperty("detail").GetString().Should().NotContain("somebody");
        using var reader = _host.ClientFor(User);
        (await (await reader.GetAsync(Routes.Events).WithinDeadline()).JsonAsync()).GetProperty("events").GetArrayLength().Should().Be(0, "nothing is stored");
    }

    [Test]
    public async Task Restriction_gives_nothing_without_the_scope()
    {
        string token = _host.Tokens.Create(new TokenClaims { Subject = "worker", Further = new Dictionary<string, object> { [Users] = "anna" } });

        var refused = await PostAsync(token, Samples.Step("anna"));

        refused.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await refused.JsonAsync()).GetProperty("type").GetString().Should().Be(ProblemTypes.MissingScope);
    }

    [Test]
    public async Task Restricted_tokens_read_and_connect_as_their_sub_and_nobody_else()
    {
        string token = _host.Tokens.Create(new TokenClaims { Subject = "worker", Scopes = [Scopes.Publish, Scopes.Admin, Scopes.ReadBrake], Further = new Dictionary<string, object> { [Users] = "anna" } });
        using var http = _host.ClientWith(token);

        (await http.GetAsync($"{Routes.Events}?user_id=anna").WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Forbidden, "no scope opens another user's events");
        (await http.GetAsync($"{Routes.Activity}?user_id=anna").WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await http.GetAsync($"{Routes.Cursors}?user_id=anna").WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await http.PostAsync($"{Routes.HubFor("anna")}/negotiate?negotiateVersion=1", null).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Forbidden);
        await using var tap = await HubTap.ConnectAsync(_host.Address, "worker", token);
        tap.Connection.State.Should().Be(HubConnectionState.Connected);
    }

    string Token(string claim, object value) => _host.Tokens.Create(Claims(new Dictionary<string, object> { [claim] = value }));

    static TokenClaims Claims(Dictionary<string, object> further) => new() { Subject = "worker", Scopes = [Scopes.Publish], Further = further };

    async Task<HttpResponseMessage> PostAsync(string token, JsonNode body)
    {
        using var http = _host.ClientWith(token);
        return await http.PostAsync(Routes.Events, Samples.Json(body)).WithinDeadline();
    }
}
