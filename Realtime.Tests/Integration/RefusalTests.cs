using System.Net;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Which refusal comes first, and what a body may be.</summary>
[Category("Integration")]
public sealed class RefusalTests
{
    const string User = "user_42";
    RealtimeHost _host = null!;

    [OneTimeSetUp]
    public async Task Start() => _host = await RealtimeHost.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _host.DisposeAsync();

    [TestCase("POST", Routes.Events)]
    [TestCase("PUT", Routes.Brake)]
    [TestCase("PUT", Routes.Cursors + "/page")]
    public async Task A_body_that_is_not_json_is_401_without_a_token_and_400_with_one(string method, string path)
    {
        using var stranger = _host.ClientWith(token: null);
        using var user = _host.ClientFor(User, Scopes.Publish);

        (await SendAsync(stranger, method, path, new StringContent("engaged=true"))).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        var refused = await SendAsync(user, method, path, new StringContent("engaged=true"));

        refused.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await refused.JsonAsync()).GetProperty("errors").TryGetProperty("Content-Type", out _).Should().BeTrue();
    }

    [Test]
    public async Task A_body_that_is_not_json_is_403_without_the_scope()
    {
        using var user = _host.ClientFor(User);

        (await SendAsync(user, "POST", Routes.Events, new StringContent("x"))).StatusCode.Should().Be(HttpStatusCode.Forbidden);
    }

    [TestCase("POST", Routes.Events)]
    [TestCase("PUT", Routes.Brake)]
    [TestCase("PUT", Routes.Cursors + "/page")]
    public async Task A_body_above_1_MiB_is_413_everywhere(string method, string path)
    {
        using var user = _host.ClientFor(User, Scopes.Publish);

        var refused = await SendAsync(user, method, path, Samples.Json(new string(' ', 1024 * 1024) + "{}"));

        refused.StatusCode.Should().Be(HttpStatusCode.RequestEntityTooLarge);
        (await refused.JsonAsync()).GetProperty("type").GetString().Should().Be(ProblemTypes.TooLarge);
    }

    [Test]
    public async Task A_user_named_twice_is_400_even_when_the_first_is_right()
    {
        using var user = _host.ClientFor(User);

        var refused = await user.GetAsync($"{Routes.Events}?user_id={User}&user_id=user_43").WithinDeadline();

        refused.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await refused.JsonAsync()).GetProperty("errors").TryGetProperty("user_id", out _).Should().BeTrue();
    }

    [Test]
    public async Task Open_api_describes_bodies_as_json_only()
    {
        using var anybody = _host.ClientWith(token: null);

        var paths = (await (await anybody.GetAsync("/openapi/v1.json").WithinDeadline()).JsonAsync()).GetProperty("paths");

        var content = paths.GetProperty(Routes.Events).GetProperty("post").GetProperty("requestBody").GetProperty("content");
        content.EnumerateObject().Select(c => c.Name).Should().Equal("application/json");
    }

    static async Task<HttpResponseMessage> SendAsync(HttpClient http, string method, string path, HttpContent content)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = content };
        return await http.SendAsync(request).WithinDeadline();
    }
}
