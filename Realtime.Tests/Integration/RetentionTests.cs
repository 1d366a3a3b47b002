using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Realtime.Contracts;
using Realtime.Server;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>A whole server with a short retention and a clock of the test's own: what readers are told when events have gone.</summary>
[Category("Integration")]
public sealed class RetentionTests
{
    const string User = "trimmed";

    [Test]
    public async Task Expired_events_go_and_readers_are_told_while_head_and_brake_stay()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var host = await RealtimeHost.StartAsync(
            new Dictionary<string, string?> { ["Realtime:Retention"] = "00:00:30" }, configure: services => services.AddSingleton<TimeProvider>(time));
        using var publisher = host.ClientFor("worker", Scopes.Publish);
        using var reader = host.ClientFor(User);
        (await reader.PutAsync(Routes.Brake, Samples.Json(new JsonObject { ["engaged"] = true, ["reason"] = "stop" }))).StatusCode.Should().Be(HttpStatusCode.OK);
        for (int i = 0; i < 3; i++) (await publisher.PostAsync(Routes.Events, Samples.Json(Samples.Step(User, i)))).StatusCode.Should().Be(HttpStatusCode.Created);
        var events = (await GetAsync(Routes.Events)).GetProperty("events").EnumerateArray().ToList();
        events.Should().HaveCount(4);
        string epoch = events[0].GetProperty("position").GetString()!.Split('.')[0];

        await Eventually.Async("everything has expired and is trimmed", async () =>
        {
            time.Advance(TimeSpan.FromSeconds(10));
            return (await GetAsync(Routes.Events)).GetProperty("events").GetArrayLength() == 0;
        });

        var since = await GetAsync($"{Routes.Events}?since={events[1].GetProperty("time").GetString()}");
        since.GetProperty("truncated").GetBoolean().Should().BeTrue();
        since.GetProperty("head").GetString().Should().Be($"{epoch}.4");
        since.GetProperty("oldest").GetString().Should().Be($"{epoch}.5");
        var gone = await reader.GetAsync($"{Routes.Events}?after={epoch}.2");
        gone.StatusCode.Should().Be(HttpStatusCode.Gone);
        (await gone.JsonAsync()).GetProperty("reason").GetString().Should().Be("trimmed");
        (await reader.GetAsync($"{Routes.Events}?after={epoch}.4")).StatusCode.Should().Be(HttpStatusCode.OK, "who has seen the head has lost nothing");
        (await GetAsync(Routes.Brake)).GetProperty("engaged").GetBoolean().Should().BeTrue();
        await Eventually.Async("it says what it trimmed", () => host.Logs.All.Any(line => line.Text.StartsWith("Retention: 4 events of 1 streams", StringComparison.Ordinal)));

        var next = await publisher.PostAsync(Routes.Events, Samples.Json(Samples.Step(User, 3)));
        (await next.JsonAsync()).GetProperty("position").GetString().Should().Be($"{epoch}.5");

        async Task<JsonElement> GetAsync(string url)
        {
            var response = await reader.GetAsync(url).WithinDeadline();
            response.StatusCode.Should().Be(HttpStatusCode.OK);
            return await response.JsonAsync();
        }
    }

    [TestCase("00:00:00")]
    [TestCase("-1.00:00:00")]
    public async Task A_retention_of_nothing_is_refused_and_told_how_to_keep_everything(string retention)
    {
        var start = () => RealtimeHost.StartAsync(new Dictionary<string, string?> { ["Realtime:Retention"] = retention });

        (await start.Should().ThrowAsync<RealtimeConfigurationException>()).Which.Faults
            .Should().ContainSingle().Which.Should().Contain("Realtime:Retention").And.Contain("keep everything");
    }
}
