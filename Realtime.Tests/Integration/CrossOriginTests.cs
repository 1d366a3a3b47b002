using System.Net;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Browsers on other pages: what <c>Realtime:AllowedOrigins</c> lets them do, and that nothing is allowed without it.</summary>
[Category("Integration")]
public sealed class CrossOriginTests
{
    const string Page = "https://app.example.com";
    const string User = "user_42";
    RealtimeHost _host = null!;

    [OneTimeSetUp]
    public async Task Start() => _host = await RealtimeHost.StartAsync(new Dictionary<string, string?> { ["Realtime:AllowedOrigins:0"] = Page });

    [OneTimeTearDown]
    public async Task Stop() => await _host.DisposeAsync();

    static IEnumerable<TestCaseData> Preflights()
    {
        yield return new(Routes.Events, "GET", "authorization");
        yield return new(Routes.EventStream + "?named=false", "GET", "authorization,last-event-id");
        yield return new(Routes.Events, "POST", "authorization,content-type");
        yield return new(Routes.Cursors + "/page", "PUT", "authorization,content-type");
        yield return new(Routes.HubFor(User) + "/negotiate?negotiateVersion=1", "POST", "authorization,x-requested-with,x-signalr-user-agent");
        yield return new(Routes.HubFor(User) + "?id=abc", "GET", "authorization");
    }

    [TestCaseSource(nameof(Preflights))]
    public async Task A_preflight_of_an_allowed_page_needs_no_token(string path, string method, string headers)
    {
        using var answer = await PreflightAsync(_host, Page, path, method, headers);

        answer.StatusCode.Should().Be(HttpStatusCode.NoContent);
        Allowed(answer).Should().Be(Page);
        answer.Headers.GetValues("Access-Control-Allow-Methods").Should().Contain(method);
        answer.Headers.GetValues("Access-Control-Allow-Headers").Single().Should().ContainAll(headers.Split(','));
    }

    [TestCaseSource(nameof(Preflights))]
    public async Task Another_page_and_without_the_setting_every_page_is_allowed_nothing(string path, string method, string headers)
    {
        await using var closed = await RealtimeHost.StartAsync();

        foreach (var (host, page) in new[] { (_host, "https://evil.example.com"), (closed, Page) })
        {
            using var answer = await PreflightAsync(host, page, path, method, headers);
            Allowed(answer).Should().BeNull();
        }
    }

    [Test]
    public async Task An_allowed_page_can_read_every_answer_also_a_refusal()
    {
        using var stranger = _host.ClientWith(token: null);
        using var user = _host.ClientFor(User);
        var answers = new (HttpStatusCode Status, HttpResponseMessage Answer)[]
        {
            (HttpStatusCode.OK, await GetAsync(user, Routes.Events)),
            (HttpStatusCode.BadRequest, await GetAsync(user, Routes.Events + "?limit=0")),
            (HttpStatusCode.Unauthorized, await GetAsync(stranger, Routes.Events)),
            (HttpStatusCode.Unauthorized, await GetAsync(stranger, Routes.HubFor(User))),
            (HttpStatusCode.Forbidden, await GetAsync(user, Routes.Events + "?user_id=user_43")),
            (HttpStatusCode.Gone, await GetAsync(user, Routes.Events + "?after=zz.1")),
        };

        foreach (var (status, answer) in answers)
        {
            answer.StatusCode.Should().Be(status);
            Allowed(answer).Should().Be(Page, status.ToString());
        }
    }

    static async Task<HttpResponseMessage> PreflightAsync(RealtimeHost host, string page, string path, string method, string headers)
    {
        using var http = host.ClientWith(token: null);
        using var request = new HttpRequestMessage(HttpMethod.Options, path);
        request.Headers.Add("Origin", page);
        request.Headers.Add("Access-Control-Request-Method", method);
        request.Headers.Add("Access-Control-Request-Headers", headers);
        return await http.SendAsync(request).WithinDeadline();
    }

    static async Task<HttpResponseMessage> GetAsync(HttpClient http, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Origin", Page);
        return await http.SendAsync(request).WithinDeadline();
    }

    static string? Allowed(HttpResponseMessage answer) =>
        answer.Headers.TryGetValues("Access-Control-Allow-Origin", out var values) ? values.Single() : null;
}
