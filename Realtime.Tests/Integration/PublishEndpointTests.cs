using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary><c>POST /api/v1/agents/events</c> as a publisher in any language sees it.</summary>
[Category("Integration")]
[TestFixture(typeof(RealServer))]
[TestFixture(typeof(ServerForTests))]
public sealed class PublishEndpointTests<TServer>
    where TServer : ContractServer, new()
{
    TServer _host = null!;
    HttpClient _publisher = null!;
    string _user = null!;
    static int _users;

    [OneTimeSetUp]
    public async Task Start()
    {
        _host = new TServer();
        await _host.StartAsync();
        _publisher = _host.ClientFor("worker", Scopes.Publish);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        _publisher.Dispose();
        await _host.DisposeAsync();
    }

    [SetUp]
    public void TakeNewUser() => _user = $"publish_{Interlocked.Increment(ref _users)}";

    [Test]
    public async Task An_event_is_acknowledged_with_its_position_and_the_same_id_gives_the_original_one()
    {
        var id = Guid.NewGuid();

        var first = await PostAsync(Samples.Step(_user, id: id));
        var again = await PostAsync(Samples.Step(_user, stepIndex: 9, id: id));

        first.StatusCode.Should().Be(HttpStatusCode.Created);
        again.StatusCode.Should().Be(HttpStatusCode.OK);
        var (receipt, duplicate) = (await first.JsonAsync(), await again.JsonAsync());
        receipt.GetProperty("duplicate").GetBoolean().Should().BeFalse();
        duplicate.GetProperty("duplicate").GetBoolean().Should().BeTrue();
        duplicate.GetProperty("position").GetString().Should().Be(receipt.GetProperty("position").GetString()).And.EndWith(".1");
        duplicate.GetProperty("time").GetString().Should().Be(receipt.GetProperty("time").GetString());
        receipt.GetProperty("id").GetString().Should().Be(id.ToString());
        (await StoredAsync()).Should().ContainSingle();
    }

    [Test]
    public async Task The_hub_and_the_read_show_the_same_event_with_the_publishers_own_bytes()
    {
        const string odd = """{ "agentId":"a","agentName":"Grüße 🚀","runId":"r","stepIndex":0,  "stepName":"s","status":"succeeded","startedAt":"2026-11-23T03:27:00+01:00","durationMs":1e2,"output":{"b":1,"a":[1.0,1e400,"\u00e9"]},"unknown":true}""";
        await using var tap = await HubTap.ConnectAsync(_host.Address, _user, _host.CreateToken(_user));

        var response = await _publisher.PostAsync(Routes.Events, Samples.Json($$"""{"userId":"{{_user}}","type":"agent.step_completed","data":{{odd}}}"""));
        response.StatusCode.Should().Be(HttpStatusCode.Created);
        await tap.WaitForEventsAsync(1);

        var read = (await StoredAsync()).Single();
        read.GetProperty("data").GetRawText().Should().Be(odd);
        tap.Events[0].GetRawText().Should().Be(read.GetRawText());
        read.GetProperty("type").GetString().Should().Be("agent.step_completed");
        read.GetProperty("time").GetString().Should().MatchRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$");
    }

    [Test]
    public async Task An_array_is_answered_in_order_and_knows_duplicates_within_itself()
    {
        var id = Guid.NewGuid();
        string other = _user + "_b";
        var array = new JsonArray(Samples.Step(_user, 0, id), Samples.Step(other, 0), Samples.Step(_user, 1), Samples.Step(_user, 2, id));

        var response = await PostAsync(array);

        response.StatusCode.Should().Be(HttpStatusCode.Created);
        var receipts = (await response.JsonAsync()).EnumerateArray().ToList();
        receipts.Select(r => r.GetProperty("position").GetString()!.Split('.')[1]).Should().Equal("1", "1", "2", "1");
        receipts.Select(r => r.GetProperty("duplicate").GetBoolean()).Should().Equal(false, false, false, true);
        (await StoredAsync()).Should().HaveCount(2);
    }

    static IEnumerable<TestCaseData> BadBodies()
    {
        yield return Case("not JSON", "{", "body");
        yield return Case("neither object nor array", "7", "body");
        yield return Case("an empty array", "[]", "body");
        yield return Case("no user", """{"type":"agent.step_completed","data":{}}""", "userId");
        yield return Case("a user of another kind", """{"userId":7,"type":"agent.step_completed","data":{}}""", "userId");
        yield return Case("a malformed user", """{"userId":"a b","type":"agent.step_completed","data":{}}""", "userId");
        yield return Case("half a surrogate pair as user", """{"userId":"\ud800","type":"agent.step_completed","data":{}}""", "userId");
        yield return Case("no type", """{"userId":"u","data":{}}""", "type");
        yield return Case("an unknown type", """{"userId":"u","type":"agent.danced","data":{}}""", "type");
        yield return Case("no data", """{"userId":"u","type":"agent.step_completed"}""", "data");
        yield return Case("data null", """{"userId":"u","type":"agent.step_completed","data":null}""", "data");
        yield return Case("data of another kind", """{"userId":"u","type":"agent.step_completed","data":[]}""", "data");
        yield return Case("a malformed id", """{"userId":"u","type":"agent.step_completed","id":"x","data":{}}""", "id");
        yield return Case("the empty id", """{"userId":"u","type":"briefing.delivered","id":"00000000-0000-0000-0000-000000000000","data":{"briefingId":"b","title":"t","channel":"c","itemCount":1}}""", "id");
        yield return Case("a negative count", """{"userId":"u","type":"briefing.delivered","data":{"briefingId":"b","title":"t","channel":"c","itemCount":-1}}""", "data.itemCount");
        yield return Case("a null title", """{"userId":"u","type":"briefing.delivered","data":{"briefingId":"b","title":null,"channel":"c","itemCount":1}}""", "data.title");
        foreach (string field in new[] { "agentId", "agentName", "runId", "stepIndex", "stepName", "status", "startedAt", "durationMs" })
        {
            var missing = Samples.Step("u");
            ((JsonObject)missing["data"]!).Remove(field);
            yield return Case($"no {field}", missing.ToJsonString(), $"data.{field}");
        }

        foreach (var (field, value) in new (string, JsonNode)[]
                 { ("stepIndex", -1), ("stepIndex", 1.5), ("durationMs", -0.1), ("status", "Succeeded"), ("status", 0), ("startedAt", "2026-11-23T03:27:00"), ("agentId", 7) })
        {
            var wrong = Samples.Step("u");
            wrong["data"]![field] = value.DeepClone();
            yield return Case($"{field} {value}", wrong.ToJsonString(), $"data.{field}");
        }

        static TestCaseData Case(string name, string body, string field) => new TestCaseData(body, field).SetName($"A_bad_body_is_400_and_names_the_field: {name}");
    }

    [TestCaseSource(nameof(BadBodies))]
    public async Task A_bad_body_is_400_and_names_the_field(string body, string field)
    {
        var response = await _publisher.PostAsync(Routes.Events, Samples.Json(body));

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        response.Content.Headers.ContentType!.MediaType.Should().Be("application/problem+json");
        var problem = await response.JsonAsync();
        problem.GetProperty("type").GetString().Should().Be(ProblemTypes.InvalidRequest);
        problem.GetProperty("errors").EnumerateObject().Select(e => e.Name).Should().Equal(field);
    }

    [Test]
    public async Task One_bad_event_of_an_array_is_named_by_its_index_and_nothing_is_stored_or_pushed()
    {
        await using var tap = await HubTap.ConnectAsync(_host.Address, _user, _host.CreateToken(_user));
        var bad = Samples.Step(_user, 1);
        bad["data"]!["stepIndex"] = -1;

        var response = await PostAsync(new JsonArray(Samples.Step(_user), bad));

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.JsonAsync()).GetProperty("errors").TryGetProperty("[1].data.stepIndex", out _).Should().BeTrue();
        (await StoredAsync()).Should().BeEmpty();
        (await tap.HeadAsync()).Should().EndWith(".0");
        tap.Events.Should().BeEmpty();
    }

    [Test]
    public async Task Data_of_64_KiB_is_stored_and_one_byte_more_is_refused()
    {
        var step = Samples.Step(_user);
        var data = (JsonObject)step["data"]!;
        data["summary"] = string.Empty;
        int room = 64 * 1024 - System.Text.Encoding.UTF8.GetByteCount(data.ToJsonString());

        data["summary"] = new string('x', room);
        (await PostAsync(step)).StatusCode.Should().Be(HttpStatusCode.Created);
        data["summary"] = new string('x', room + 1);
        var tooLarge = await PostAsync(step);

        tooLarge.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await tooLarge.JsonAsync()).GetProperty("errors").TryGetProperty("data", out _).Should().BeTrue();
        (await StoredAsync()).Should().ContainSingle();
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_body_above_1_MiB_is_413(bool chunked)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Routes.Events) { Content = Samples.Json($"[\"{new string('x', 1024 * 1024)}\"]") };
        request.Headers.TransferEncodingChunked = chunked;

        var response = await _publisher.SendAsync(request);

        response.StatusCode.Should().Be(HttpStatusCode.RequestEntityTooLarge);
        (await response.JsonAsync()).GetProperty("type").GetString().Should().Be(ProblemTypes.TooLarge);
    }

    [Test]
    public async Task Above_1000_events_an_array_is_400()
    {
        var array = new JsonArray([.. Enumerable.Range(0, 1001).Select(i => (JsonNode)Samples.Step(_user, i))]);

        var response = await PostAsync(array);

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.JsonAsync()).GetProperty("detail").GetString().Should().Contain("1001");
        (await StoredAsync()).Should().BeEmpty();
    }

    [Test]
    public async Task Publishing_needs_the_scope()
    {
        using var reader = _host.ClientFor(_user);

        var refused = await reader.PostAsync(Routes.Events, Samples.Json(Samples.Step(_user)));

        refused.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await refused.JsonAsync()).GetProperty("type").GetString().Should().Be(ProblemTypes.MissingScope);
    }

    [Test]
    public async Task Thirty_two_publishers_at_once_leave_no_gap_and_a_client_sees_the_order()
    {
        await using var tap = await HubTap.ConnectAsync(_host.Address, _user, _host.CreateToken(_user));

        await Task.WhenAll(Enumerable.Range(0, 32).Select(async worker =>
        {
            for (int i = 0; i < 10; i++) (await PostAsync(Samples.Step(_user, worker))).StatusCode.Should().Be(HttpStatusCode.Created);
        })).WithinDeadline(TimeSpan.FromSeconds(60));
        await tap.WaitForEventsAsync(320, TimeSpan.FromSeconds(60));

        tap.Sequences.Distinct().Should().Equal(Enumerable.Range(1, 320).Select(i => (long)i));
        (await StoredAsync()).Select(e => e.GetProperty("time").GetString()).Should().BeInAscendingOrder(StringComparer.Ordinal).And.OnlyHaveUniqueItems();
    }

    Task<HttpResponseMessage> PostAsync(JsonNode body) => _publisher.PostAsync(Routes.Events, Samples.Json(body)).WithinDeadline(TimeSpan.FromSeconds(30));

    async Task<IReadOnlyList<JsonElement>> StoredAsync()
    {
        using var reader = _host.ClientFor(_user);
        var page = await (await reader.GetAsync(Routes.Events)).JsonAsync();
        return [.. page.GetProperty("events").EnumerateArray()];
    }
}
