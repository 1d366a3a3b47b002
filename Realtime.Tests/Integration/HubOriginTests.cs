using System.Net;
using System.Net.WebSockets;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Browsers open a WebSocket to any server without asking it; the server looks where the page comes from.</summary>
[Category("Integration")]
public sealed class HubOriginTests
{
    const string Page = "https://app.example.com";
    const string User = "user_42";
    RealtimeHost _host = null!;

    [OneTimeSetUp]
    public async Task Start() => _host = await RealtimeHost.StartAsync(new Dictionary<string, string?> { ["Realtime:AllowedOrigins:0"] = Page });

    [OneTimeTearDown]
    public async Task Stop() => await _host.DisposeAsync();

    [TestCase(Page)]
    [TestCase("HTTPS://App.Example.com")]
    [TestCase(null, Description = "no browser")]
    public async Task A_listed_page_and_what_is_no_browser_may_connect(string? origin) =>
        (await HandshakeAsync(_host, origin)).Should().Be(HttpStatusCode.SwitchingProtocols);

    [Test]
    public async Task A_page_of_the_same_host_may_connect_whether_or_not_a_proxy_has_ended_TLS()
    {
        (await HandshakeAsync(_host, $"http://{_host.Address.Authority}")).Should().Be(HttpStatusCode.SwitchingProtocols);
        (await HandshakeAsync(_host, $"https://{_host.Address.Authority}")).Should().Be(HttpStatusCode.SwitchingProtocols);
    }

    [TestCase("https://evil.example.com")]
    [TestCase("https://app.example.com.evil.example.com")]
    [TestCase("http://app.example.com", Description = "listed with https")]
    [TestCase("https://app.example.com:8443")]
    [TestCase("null", Description = "a sandboxed frame, or a file")]
    [TestCase("garbage")]
    public async Task Every_other_page_is_refused_with_403_at_the_WebSocket_and_at_negotiate(string origin)
    {
        (await HandshakeAsync(_host, origin)).Should().Be(HttpStatusCode.Forbidden);

        using var http = _host.ClientFor(User);
        http.DefaultRequestHeaders.Add("Origin", origin);
        using var negotiated = await http.PostAsync($"{Routes.HubFor(User)}/negotiate?negotiateVersion=1", null).WithinDeadline();
        negotiated.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        negotiated.Content.Headers.ContentType!.MediaType.Should().Be("application/problem+json");
        (await negotiated.JsonAsync()).GetProperty("type").GetString().Should().Be(ProblemTypes.OriginNotAllowed);
        (await http.StatusAsync(Routes.EventStream)).Should().Be(HttpStatusCode.Forbidden, "a stream is a connection too");
    }

    [Test]
    public async Task Without_a_list_the_origin_does_not_matter_for_the_token_decides()
    {
        await using var open = await RealtimeHost.StartAsync();

        (await HandshakeAsync(open, "https://anywhere.example.com")).Should().Be(HttpStatusCode.SwitchingProtocols);
    }

    [Test]
    public async Task Answers_with_data_and_refusals_are_kept_by_no_cache_and_their_type_is_not_guessed()
    {
        using var user = _host.ClientFor(User, Scopes.Publish);
        using var stranger = _host.ClientWith(token: null);
        var answers = new List<HttpResponseMessage>
        {
            await user.GetAsync(Routes.Events).WithinDeadline(),
            await user.GetAsync(Routes.Activity).WithinDeadline(),
            await user.GetAsync(Routes.Brake).WithinDeadline(),
            await user.GetAsync(Routes.Cursors).WithinDeadline(),
            await user.PostAsync(Routes.Events, Samples.Json(Samples.Step(User))).WithinDeadline(),
            await user.PostAsync($"{Routes.HubFor(User)}/negotiate?negotiateVersion=1", null).WithinDeadline(),
            await user.GetAsync(Routes.Events + "?limit=0").WithinDeadline(),
            await stranger.GetAsync(Routes.Events).WithinDeadline(),
        };

        answers.Select(a => (int)a.StatusCode).Should().Equal(200, 200, 200, 200, 201, 200, 400, 401);
        foreach (var answer in answers)
        {
            answer.Headers.CacheControl!.NoStore.Should().BeTrue(answer.RequestMessage!.RequestUri!.ToString());
            answer.Headers.GetValues("X-Content-Type-Options").Should().Equal("nosniff");
        }
    }

    static async Task<HttpStatusCode> HandshakeAsync(RealtimeHost host, string? origin)
    {
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        if (origin is not null) socket.Options.SetRequestHeader("Origin", origin);
        try
        {
            await socket.ConnectAsync(new Uri($"ws://{host.Address.Authority}{Routes.HubFor(User)}?access_token={host.Tokens.Create(User)}"), CancellationToken.None).WithinDeadline();
        }
        catch (WebSocketException)
        {
            // The status tells.
        }

        return socket.HttpStatusCode;
    }
}
