using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Reading back: <c>events</c> by position and by time, and <c>activity</c>.</summary>
[Category("Integration")]
[TestFixture(typeof(RealServer))]
[TestFixture(typeof(ServerForTests))]
public sealed class MissedEventsEndpointTests<TServer>
    where TServer : ContractServer, new()
{
    TServer _host = null!;
    HttpClient _publisher = null!;
    HttpClient _reader = null!;
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
    public void TakeNewUser()
    {
        _user = $"read_{Interlocked.Increment(ref _users)}";
        _reader = _host.ClientFor(_user);
    }

    [TearDown]
    public void DisposeReader() => _reader.Dispose();

    [Test]
    public async Task A_new_user_has_an_empty_list()
    {
        var page = await GetAsync(Routes.Events);

        page.GetProperty("events").GetArrayLength().Should().Be(0);
        page.GetProperty("head").GetString().Should().EndWith(".0");
        page.GetProperty("oldest").GetString().Should().EndWith(".1");
        page.GetProperty("next").GetString().Should().EndWith(".0");
        page.GetProperty("hasMore").GetBoolean().Should().BeFalse();
        page.GetProperty("truncated").GetBoolean().Should().BeFalse();
    }

    [Test]
    public async Task Since_the_time_of_an_event_returns_exactly_what_came_after_it()
    {
        await PublishAsync(10);
        var all = await EventsAsync(Routes.Events);

        foreach (int seen in new[] { 0, 4, 9 })
        {
            string time = all[seen].GetProperty("time").GetString()!;
            (await EventsAsync($"{Routes.Events}?since={Uri.EscapeDataString(time)}")).Select(Sequence).Should().Equal(all.Skip(seen + 1).Select(Sequence));
        }
    }

    [Test]
    public async Task After_a_position_pages_go_on_to_the_head()
    {
        await PublishAsync(7);
        string epoch = (await GetAsync(Routes.Events)).GetProperty("head").GetString()!.Split('.')[0];

        var first = await GetAsync($"{Routes.Events}?after={epoch}.1&limit=4");
        var second = await GetAsync($"{Routes.Events}?after={first.GetProperty("next").GetString()}&limit=4");

        first.GetProperty("events").EnumerateArray().Select(Sequence).Should().Equal(2, 3, 4, 5);
        first.GetProperty("hasMore").GetBoolean().Should().BeTrue();
        second.GetProperty("events").EnumerateArray().Select(Sequence).Should().Equal(6, 7);
        second.GetProperty("hasMore").GetBoolean().Should().BeFalse();
        second.GetProperty("next").GetString().Should().Be($"{epoch}.7");
    }

    [Test]
    public async Task Activity_pages_back_newest_first()
    {
        await PublishAsync(5);

        var first = await GetAsync($"{Routes.Activity}?limit=3");
        var second = await GetAsync($"{Routes.Activity}?limit=3&before={first.GetProperty("next").GetString()}");

        first.GetProperty("events").EnumerateArray().Select(Sequence).Should().Equal(5, 4, 3);
        first.GetProperty("hasMore").GetBoolean().Should().BeTrue();
        second.GetProperty("events").EnumerateArray().Select(Sequence).Should().Equal(2, 1);
        second.GetProperty("hasMore").GetBoolean().Should().BeFalse();
        second.TryGetProperty("next", out _).Should().BeFalse();
    }

    [TestCase("zzzz.1", "epoch_changed")]
    [TestCase("EPOCH.99", "ahead_of_head")]
    public async Task A_position_that_cannot_be_continued_is_410_with_its_reason(string after, string reason)
    {
        await PublishAsync(2);
        string epoch = (await GetAsync(Routes.Events)).GetProperty("head").GetString()!.Split('.')[0];

        var response = await _reader.GetAsync($"{Routes.Events}?after={after.Replace("EPOCH", epoch, StringComparison.Ordinal)}");

        response.StatusCode.Should().Be(HttpStatusCode.Gone);
        var problem = await response.JsonAsync();
        problem.GetProperty("type").GetString().Should().Be(ProblemTypes.HistoryLost);
        problem.GetProperty("reason").GetString().Should().Be(reason);
        problem.GetProperty("head").GetString().Should().Be($"{epoch}.2");
        problem.GetProperty("oldest").GetString().Should().Be($"{epoch}.1");
    }

    [Test]
    public async Task Another_time_than_the_stored_one_is_a_fork()
    {
        await PublishAsync(3);
        var second = (await EventsAsync(Routes.Events))[1];
        string position = second.GetProperty("position").GetString()!;

        var same = await _reader.GetAsync($"{Routes.Events}?after={position}&time={second.GetProperty("time").GetString()}");
        var forked = await _reader.GetAsync($"{Routes.Events}?after={position}&time=2020-01-01T00:00:00.000000Z");

        same.StatusCode.Should().Be(HttpStatusCode.OK);
        forked.StatusCode.Should().Be(HttpStatusCode.Gone);
        (await forked.JsonAsync()).GetProperty("reason").GetString().Should().Be("forked");
    }

    [TestCase("after=k3f9", "after")]
    [TestCase("after=k3f9.01", "after")]
    [TestCase("after=K3F9.1", "after")]
    [TestCase("after=k3f9.9007199254740992", "after")]
    [TestCase("after=k3f9.1&after=k3f9.2", "after")]
    [TestCase("since=yesterday", "since")]
    [TestCase("since=2026-11-23", "since")]
    [TestCase("since=2026-11-23T03:27:00", "since")]
    [TestCase("since=2026-11-23T03:27:00+01:00", "since")]
    [TestCase("since=2026-11-23T25:27:00Z", "since")]
    [TestCase("limit=0", "limit")]
    [TestCase("limit=1001", "limit")]
    [TestCase("limit=ten", "limit")]
    [TestCase("limit=", "limit")]
    [TestCase("since=2026-11-23T03:27:00Z&after=k3f9.1", "since")]
    [TestCase("time=2026-11-23T03:27:00Z", "time")]
    [TestCase("user_id=a%20b", "user_id")]
    public async Task A_malformed_parameter_is_400_and_named(string query, string field)
    {
        var response = await _reader.GetAsync($"{Routes.Events}?{query}");

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.JsonAsync()).GetProperty("errors").EnumerateObject().Select(e => e.Name).Should().Equal(field);
    }

    [Test]
    public async Task Of_another_user_nothing_is_read()
    {
        var response = await _reader.GetAsync($"{Routes.Events}?user_id=somebody");

        response.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await _reader.GetAsync($"{Routes.Events}?user_id={_user}")).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [TestCase("GET", "/nowhere", HttpStatusCode.NotFound)]
    [TestCase("DELETE", Routes.Events, HttpStatusCode.MethodNotAllowed)]
    public async Task Errors_of_the_framework_are_ProblemDetails_too(string method, string path, HttpStatusCode status)
    {
        var response = await _reader.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));

        response.StatusCode.Should().Be(status);
        response.Content.Headers.ContentType!.MediaType.Should().Be("application/problem+json");
    }

    async Task PublishAsync(int count)
    {
        var events = new JsonArray([.. Enumerable.Range(0, count).Select(i => (JsonNode)Samples.Step(_user, i))]);
        (await _publisher.PostAsync(Routes.Events, Samples.Json(events))).StatusCode.Should().Be(HttpStatusCode.Created);
    }

    async Task<JsonElement> GetAsync(string url)
    {
        var response = await _reader.GetAsync(url).WithinDeadline();
        response.StatusCode.Should().Be(HttpStatusCode.OK);
        return await response.JsonAsync();
    }

    async Task<IReadOnlyList<JsonElement>> EventsAsync(string url) => [.. (await GetAsync(url)).GetProperty("events").EnumerateArray()];

    static long Sequence(JsonElement e) => StreamPosition.Parse(e.GetProperty("position").GetString()!).Sequence;
}
