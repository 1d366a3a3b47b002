using Microsoft.AspNetCore.Server.Kestrel.Core;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Server;
using Realtime.Tests.Security;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Bodies that do not come as their headers promise, events that no client could read, and what strangers are granted.</summary>
[Category("Integration")]
public sealed class BodyFaultTests
{
    RealtimeHost _host = null!;

    [OneTimeSetUp]
    public async Task Start() => _host = await RealtimeHost.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _host.DisposeAsync();

    [Test]
    public async Task A_body_that_is_badly_chunked_is_400(
        [Values("POST " + Routes.Events, "PUT " + Routes.Brake, "PUT " + Routes.Cursors + "/page")] string call,
        [Values("zz", "fffffffffff", "80000000", "7fffffff0")] string size)
    {
        string head = $"{call} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {_host.Tokens.Create("user_42", Scopes.Publish)}\r\nContent-Type: application/json\r\n";

        var chunked = await RawHttp.SendAsync(_host.Address, $"{head}Transfer-Encoding: chunked\r\n\r\n{size}\r\n{{}}\r\n0\r\n\r\n");

        chunked.Status.Should().Be(400);
        chunked.Header("Content-Type").Should().StartWith("application/problem+json");
        _host.Logs.All.Where(l => l.Level >= Microsoft.Extensions.Logging.LogLevel.Error).Select(l => l.Text).Should().BeEmpty();
    }

    [TestCase("""{"a\ud800aaaaaaaaaaaaaaaaaaaa":1,"userId":"user_42","type":"briefing.delivered","data":{}}""")]
    [TestCase("""{"userId":"user_42","id":"\ud800bcdefgh-1234-1234-1234-123456789012","type":"briefing.delivered","data":{}}""")]
    [TestCase("""{"userId":"user_42","type":"briefing.delivered","data":{"a\ud800aaaaaaaaaaaaaaaaaaaa":1}}""")]
    public async Task Half_a_surrogate_pair_in_a_name_or_an_id_is_400(string body)
    {
        using var publisher = _host.ClientFor("worker", Scopes.Publish);

        var answer = await publisher.PostAsync(Routes.Events, Samples.Json(body)).WithinDeadline();

        ((int)answer.StatusCode).Should().Be(400);
    }

    [TestCase(60, 201)]
    [TestCase(61, 400)]
    public async Task Data_that_nests_so_deep_that_no_client_could_read_it_is_400(int depth, int status)
    {
        using var publisher = _host.ClientFor("worker", Scopes.Publish);
        string output = string.Concat(new string('[', depth), new string(']', depth));
        var step = Samples.Step("user_deep");
        step["data"]!["output"] = "@";

        var answer = await publisher.PostAsync(Routes.Events, Samples.Json(step.ToJsonString().Replace("\"@\"", output, StringComparison.Ordinal))).WithinDeadline();

        ((int)answer.StatusCode).Should().Be(status, await answer.Content.ReadAsStringAsync());
        await using var client = await Client.ClientRun.StartAsync(_host.Address, o =>
        {
            o.UserId = "user_deep";
            o.StartFrom = Realtime.Client.StartFrom.Beginning;
            o.AccessTokenProvider = _ => new ValueTask<string>(_host.Tokens.Create("user_deep"));
        });
        await publisher.PostAsync(Routes.Events, Samples.Json(Samples.Step("user_deep"))).WithinDeadline();
        using var reader = _host.ClientFor("user_deep");
        long head = StreamPosition.Parse((await (await reader.GetAsync(Routes.Events)).JsonAsync()).GetProperty("head").GetString()!).Sequence;
        await client.UntilSeenAsync((int)head);
    }

    [Test]
    public void What_the_standalone_server_grants_strangers_is_bounded()
    {
        var kestrel = new KestrelServerOptions();

        WebServerLimits.Apply(kestrel);

        kestrel.AddServerHeader.Should().BeFalse();
        kestrel.Limits.RequestHeadersTimeout.Should().Be(TimeSpan.FromSeconds(10));
        kestrel.Limits.MinRequestBodyDataRate!.BytesPerSecond.Should().Be(2_000);
        kestrel.Limits.MaxRequestHeadersTotalSize.Should().Be(32 * 1024);
        kestrel.Limits.MaxRequestLineSize.Should().Be(8 * 1024);
        File.ReadAllText(Path.Combine(RepositoryPaths.Root, "Realtime.Server", "Program.cs")).Should().Contain("ConfigureKestrel(WebServerLimits.Apply)");
    }
}
