using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Realtime.Server.Dashboard;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>How the page is served. The build embeds it, for which it needs Node; what a build without Node answers is tested too.</summary>
[Category("Integration")]
public sealed partial class DashboardEndpointTests
{
    RealtimeHost _host = null!;
    HttpClient _http = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _host = await RealtimeHost.StartAsync(map: app => app.MapDashboard());
        _http = _host.ClientWith(token: null);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        // Either is missing when the start failed.
        _http?.Dispose();
        if (_host is not null) await _host.DisposeAsync();
    }

    [Test]
    public async Task The_page_is_html_that_is_asked_for_each_time_and_may_load_from_here_only()
    {
        using var answer = await _http.GetAsync("/").WithinDeadline();

        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.ToString().Should().Be("text/html; charset=utf-8");
        answer.Headers.CacheControl!.NoCache.Should().BeTrue();
        var policy = Header(answer, "Content-Security-Policy");
        policy.Split("; ").Should().BeEquivalentTo(
            "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "font-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
            $"connect-src 'self' ws://{_host.Address.Authority} wss://{_host.Address.Authority}");
        Header(answer, "X-Content-Type-Options").Should().Be("nosniff");
        Header(answer, "X-Frame-Options").Should().Be("DENY");
        Header(answer, "Referrer-Policy").Should().Be("no-referrer");
        Header(answer, "Permissions-Policy").Should().Contain("camera=()").And.Contain("geolocation=()");
        answer.Headers.Contains("Strict-Transport-Security").Should().BeFalse("that is for whoever ends TLS");
        (await answer.Content.ReadAsStringAsync()).Should().Contain("id=\"app\"");
    }

    [TestCase("a.example.com", "connect-src 'self' ws://a.example.com wss://a.example.com")]
    [TestCase("[::1]:5080", "connect-src 'self' ws://[::1]:5080 wss://[::1]:5080")]
    [TestCase("a.example.com;script-src", "connect-src 'self'", Description = "Kestrel lets it in")]
    [TestCase("*", "connect-src 'self'")]
    [TestCase("", "connect-src 'self'")]
    public void A_host_that_could_change_the_policy_does_not_get_into_it(string host, string end) =>
        PagePolicy.For(new HostString(host)).Should().EndWith("; " + end);

    [Test]
    public async Task Each_asset_that_the_page_names_is_there_and_never_changes()
    {
        string page = await _http.GetStringAsync("/").WithinDeadline();

        var assets = Assets().Matches(page).Select(match => match.Groups["path"].Value).ToList();
        var types = new List<string?>();
        foreach (string asset in assets)
        {
            using var answer = await _http.GetAsync(new Uri(_host.Address, asset)).WithinDeadline();
            answer.StatusCode.Should().Be(HttpStatusCode.OK, asset);
            answer.Headers.CacheControl!.ToString().Should().Contain("immutable", asset).And.Contain("max-age=31536000", asset);
            Header(answer, "X-Content-Type-Options").Should().Be("nosniff", asset);
            types.Add(answer.Content.Headers.ContentType!.MediaType);
        }

        types.Should().Contain(["text/javascript", "text/css", "image/svg+xml"]);
    }

    [Test]
    public async Task What_the_browser_has_already_is_not_sent_again()
    {
        using var first = await _http.GetAsync("/").WithinDeadline();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.IfNoneMatch.Add(EntityTagHeaderValue.Parse(first.Headers.ETag!.ToString()));

        using var second = await _http.SendAsync(request).WithinDeadline();

        second.StatusCode.Should().Be(HttpStatusCode.NotModified);
    }

    [Test]
    public async Task Head_answers_like_get_without_the_page()
    {
        using var get = await _http.GetAsync("/").WithinDeadline();
        using var request = new HttpRequestMessage(HttpMethod.Head, "/");

        using var head = await _http.SendAsync(request).WithinDeadline();

        head.StatusCode.Should().Be(HttpStatusCode.OK);
        head.Content.Headers.ContentType.Should().Be(get.Content.Headers.ContentType);
        head.Content.Headers.ContentLength.Should().Be(get.Content.Headers.ContentLength).And.BePositive();
        Header(head, "Content-Security-Policy").Should().Be(Header(get, "Content-Security-Policy"));
        (await head.Content.ReadAsByteArrayAsync()).Should().BeEmpty();
    }

    [Test]
    public async Task Only_reading_is_possible_and_unknown_files_are_not_found()
    {
        using var post = await _http.PostAsync("/", Samples.Json("{}")).WithinDeadline();
        using var unknown = await _http.GetAsync("/dashboard-assets/unknown.js").WithinDeadline();

        post.StatusCode.Should().Be(HttpStatusCode.MethodNotAllowed);
        unknown.StatusCode.Should().Be(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task A_build_without_the_page_says_what_to_install()
    {
        await using var host = await RealtimeHost.StartAsync(map: app => app.MapDashboard([]));
        using var http = host.ClientWith(token: null);

        using var answer = await http.GetAsync("/").WithinDeadline();

        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.MediaType.Should().Be("text/html");
        answer.Headers.CacheControl!.NoStore.Should().BeTrue("the next build may have the page");
        Header(answer, "Content-Security-Policy").Should().Contain("default-src 'none'").And.Contain("style-src 'sha256-").And.NotContain("unsafe");
        (await answer.Content.ReadAsStringAsync()).Should().Contain("Install <a href=\"https://nodejs.org\">Node.js</a>").And.Contain("dotnet run --project Realtime.Server");
    }

    static string Header(HttpResponseMessage answer, string name) => answer.Headers.GetValues(name).Single();

    [GeneratedRegex("(?:src|href)=\"(?<path>[^\"]+)\"", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Assets();
}
