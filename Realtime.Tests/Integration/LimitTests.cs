using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Each limit: its answer, when to come back, its metric, and that others are not touched by it.</summary>
[Category("Integration")]
public sealed class LimitTests
{
    RealtimeHost _host = null!;
    LimitCounts _counts = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _host = await RealtimeHost.StartAsync(new Dictionary<string, string?>
        {
            ["Realtime:MaxConnectionsPerUser"] = "2",
            ["Realtime:MaxHubMessageBytes"] = "4096",
            ["Realtime:RateLimits:RequestsPerSecondPerUser"] = "10",
            ["Realtime:RateLimits:EventsPerSecondPerPublisher"] = "10",
            ["Realtime:RateLimits:HubCallsPerSecondPerConnection"] = "1",
        });
        _counts = new LimitCounts(_host);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        _counts.Dispose();
        await _host.DisposeAsync();
    }

    [Test]
    public async Task One_connection_too_many_of_a_user_is_refused_before_the_WebSocket_and_let_in_when_another_has_left()
    {
        long before = _counts.Of("connections_of_user");
        await using var first = await TapAsync("anna");
        var second = await TapAsync("anna");

        var (status, retryAfter) = await HandshakeAsync("anna");
        status.Should().Be(HttpStatusCode.TooManyRequests);
        retryAfter.Should().BeInRange(5, 15);
        using var negotiation = await _host.ClientFor("anna").PostAsync($"{Routes.HubFor("anna")}/negotiate?negotiateVersion=1", content: null).WithinDeadline();
        await ShouldBeAsync(negotiation, HttpStatusCode.TooManyRequests, ProblemTypes.TooManyConnections, "connections_of_user");
        using var question = await _host.ClientFor("anna").GetAsync(Routes.HubFor("anna")).WithinDeadline();
        await ShouldBeAsync(question, HttpStatusCode.TooManyRequests, ProblemTypes.TooManyConnections, "connections_of_user");
        _counts.Of("connections_of_user").Should().Be(before + 3);
        (await HandshakeAsync("berta")).Status.Should().Be(HttpStatusCode.SwitchingProtocols, "it is not her connection");

        await second.DisposeAsync();
        await Eventually.Async("there is room again", async () => (await HandshakeAsync("anna")).Status == HttpStatusCode.SwitchingProtocols);
    }

    [Test]
    public async Task Whoever_may_not_connect_learns_that_first()
    {
        await using var first = await TapAsync("carl");
        await using var second = await TapAsync("carl");

        (await HandshakeAsync("carl", token: "nonsense")).Status.Should().Be(HttpStatusCode.Unauthorized);
        (await HandshakeAsync("carl", _host.Tokens.Create("dora"))).Status.Should().Be(HttpStatusCode.Forbidden);
    }

    [Test]
    public async Task Connections_of_all_transports_count()
    {
        await using var first = await TapAsync("emil");
        await using var polling = new HubConnectionBuilder()
            .WithUrl(new Uri(_host.Address, Routes.HubFor("emil")), o =>
            {
                o.AccessTokenProvider = () => Task.FromResult<string?>(_host.Tokens.Create("emil"));
                o.Transports = HttpTransportType.LongPolling;
            })
            .Build();
        await polling.StartAsync().WithinDeadline();

        (await HandshakeAsync("emil")).Status.Should().Be(HttpStatusCode.TooManyRequests);
    }

    [Test]
    public async Task User_who_asks_too_often_is_told_when_to_come_back_and_another_is_served()
    {
        using var client = _host.ClientFor("frida");
        long before = _counts.Of("requests_of_user");
        var answers = await Task.WhenAll(Enumerable.Range(0, 150).Select(_ => client.GetAsync(Routes.Brake))).WithinDeadline();

        answers.Count(a => a.StatusCode == HttpStatusCode.OK).Should().BeGreaterThanOrEqualTo(20, "so many at once are granted");
        var refused = answers.Where(a => a.StatusCode != HttpStatusCode.OK).ToList();
        refused.Should().NotBeEmpty();
        await ShouldBeAsync(refused[0], HttpStatusCode.TooManyRequests, ProblemTypes.TooManyRequests, "requests_of_user");
        _counts.Of("requests_of_user").Should().Be(before + refused.Count);
        (await _host.ClientFor("gustav").GetAsync(Routes.Brake).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.OK);
        await Eventually.Async("she is served again", async () => (await client.GetAsync(Routes.Brake)).StatusCode == HttpStatusCode.OK);
        foreach (var answer in answers) answer.Dispose();
    }

    [Test]
    public async Task Publisher_that_brings_too_many_events_stores_none_of_those_refused_and_another_publishes()
    {
        using var eager = _host.ClientFor("eager", Scopes.Publish);
        (await eager.PostAsJsonAsync(Routes.Events, Events("hanna", 1000)).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Created, "one full array always fits");

        using var refused = await eager.PostAsJsonAsync(Routes.Events, Events("hanna", 900)).WithinDeadline();
        await ShouldBeAsync(refused, HttpStatusCode.TooManyRequests, ProblemTypes.TooManyRequests, "events_of_publisher");
        _counts.Of("events_of_publisher").Should().Be(1);
        using var other = await _host.ClientFor("modest", Scopes.Publish).PostAsJsonAsync(Routes.Events, Event("hanna")).WithinDeadline();
        other.StatusCode.Should().Be(HttpStatusCode.Created);
        JsonDocument.Parse(await other.Content.ReadAsStringAsync()).RootElement.GetProperty("position").GetString().Should().EndWith(".1001");
    }

    [Test]
    public async Task Connection_that_calls_too_often_is_told_and_closed_when_it_goes_on()
    {
        await using var tap = await HubTap.ConnectWithoutBarrierAsync(_host.Address, "ida", _host.Tokens.Create("ida"));
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        tap.Connection.Closed += _ =>
        {
            closed.TrySetResult();
            return Task.CompletedTask;
        };
        var refusals = new List<string>();
        while (!closed.Task.IsCompleted && refusals.Count < 100)
        {
            try
            {
                await tap.HeadAsync();
            }
            catch (HubException refused)
            {
                refusals.Add(refused.Message);
            }
            catch (Exception over) when (over is InvalidOperationException or TaskCanceledException or WebSocketException or IOException)
            {
                break; // the connection has ended under the call
            }
        }

        await closed.Task.WithinDeadline();
        refusals.Should().HaveCountGreaterThanOrEqualTo(4).And.OnlyContain(m => m.Contains(HubErrors.TooManyCalls, StringComparison.Ordinal));
        _counts.Of("calls_of_connection").Should().BeGreaterThanOrEqualTo(refusals.Count);
        _host.Logs.All.Should().Contain(l => l.Text.Contains("goes on calling", StringComparison.Ordinal));
    }

    [Test]
    public async Task Hub_message_that_is_too_large_ends_the_connection()
    {
        await using var tap = await HubTap.ConnectWithoutBarrierAsync(_host.Address, "jan", _host.Tokens.Create("jan"));

        await FluentActions.Awaiting(() => tap.Connection.InvokeAsync<double>("RenewToken", new string('x', 5_000)).WithinDeadline()).Should().ThrowAsync<Exception>();

        await Eventually.Async("it is counted", () => _counts.Of("hub_message") == 1);
        await Eventually.Async("the connection has ended", () => tap.Connection.State == HubConnectionState.Disconnected);
    }

    [Test]
    public async Task Body_and_data_that_are_too_large_are_counted()
    {
        using var client = _host.ClientFor("large", Scopes.Publish);
        using var data = await client.PostAsync(Routes.Events, Json(Event("kurt", new string('x', 65 * 1024)))).WithinDeadline();
        using var body = await client.PostAsync(Routes.Events, Json(Event("kurt", new string('x', 1024 * 1024)))).WithinDeadline();
        using var brake = await client.PutAsync(Routes.Brake, Json(new { engaged = true, reason = new string('x', 1024 * 1024) })).WithinDeadline();

        data.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        body.StatusCode.Should().Be(HttpStatusCode.RequestEntityTooLarge);
        brake.StatusCode.Should().Be(HttpStatusCode.RequestEntityTooLarge);
        _counts.Of("data").Should().Be(1);
        _counts.Of("body").Should().Be(2);
    }

    Task<HubTap> TapAsync(string user) => HubTap.ConnectWithoutBarrierAsync(_host.Address, user, _host.Tokens.Create(user));

    /// <summary>Opens a WebSocket, if the server lets it, and leaves.</summary>
    async Task<(HttpStatusCode Status, int? RetryAfter)> HandshakeAsync(string user, string? token = null)
    {
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.SetRequestHeader("Authorization", $"Bearer {token ?? _host.Tokens.Create(user)}");
        try
        {
            await socket.ConnectAsync(new UriBuilder(new Uri(_host.Address, Routes.HubFor(user))) { Scheme = "ws" }.Uri, CancellationToken.None).WithinDeadline();
        }
        catch (WebSocketException)
        {
            // The status says why.
        }

        string? seconds = socket.HttpResponseHeaders?.GetValueOrDefault("Retry-After")?.Single();
        return (socket.HttpStatusCode, seconds is null ? null : int.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture));
    }

    static async Task ShouldBeAsync(HttpResponseMessage answer, HttpStatusCode status, string type, string limit)
    {
        answer.StatusCode.Should().Be(status);
        answer.Content.Headers.ContentType!.MediaType.Should().Be("application/problem+json");
        answer.Headers.RetryAfter!.Delta.Should().BePositive().And.BeLessThanOrEqualTo(TimeSpan.FromSeconds(30));
        var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        problem.GetProperty("type").GetString().Should().Be(type);
        problem.GetProperty("limit").GetString().Should().Be(limit);
    }

    /// <summary>With its length in the header, as most clients send it.</summary>
    static StringContent Json(object body) => new(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");

    static IEnumerable<object> Events(string user, int count) => Enumerable.Range(0, count).Select(_ => Event(user));

    static object Event(string user, string title = "T") =>
        new { userId = user, type = BriefingDelivered.TypeName, data = new { briefingId = "b", title, channel = "email", itemCount = 1 } };
}
