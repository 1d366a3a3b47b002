using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Who gets through the door of the hub: the same answer at negotiate and at a direct WebSocket handshake.</summary>
[Category("Integration")]
public sealed class HandshakeTests
{
    RealtimeHost _host = null!;

    [OneTimeSetUp]
    public async Task Start() => _host = await RealtimeHost.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _host.DisposeAsync();

    [Test]
    public async Task A_valid_token_is_accepted_with_its_sub()
    {
        string token = _host.Tokens.Create("user_42");

        (await NegotiateAsync("user_42", token)).StatusCode.Should().Be(HttpStatusCode.OK);
        (await WebSocketStatusAsync("user_42", token)).Should().Be(HttpStatusCode.SwitchingProtocols);
        await using var tap = await HubTap.ConnectAsync(_host.Address, "user_42", token);
        (await tap.HeadAsync()).Should().EndWith(".0");
    }

    static IEnumerable<TestCaseData> RefusedTokens()
    {
        var other = TestTokens.Hmac(RandomNumberGenerator.GetBytes(32));
        yield return Case("no token", _ => null);
        yield return Case("an empty token", _ => string.Empty);
        yield return Case("garbage", _ => "not-a-token");
        yield return Case("an expired token", t => t.Create(new TokenClaims { ExpiresIn = TimeSpan.FromSeconds(-6) }));
        yield return Case("a token without exp", t => t.Create(new TokenClaims { ExpiresIn = null }));
        yield return Case("a token without sub", t => t.Create(new TokenClaims { Subject = null }));
        yield return Case("a token that is not valid yet", t => t.Create(new TokenClaims { NotBeforeIn = TimeSpan.FromMinutes(1) }));
        yield return Case("another issuer", t => t.Create(new TokenClaims { Issuer = "https://evil.test" }));
        yield return Case("another audience", t => t.Create(new TokenClaims { Audience = "somebody-else" }));
        yield return Case("another key", t => t.SignedBy(other, new TokenClaims()));
        yield return Case("alg none", t => t.Unsigned(new TokenClaims()));
        yield return Case("alg NONE", t => t.Unsigned(new TokenClaims(), "NONE"));
        yield return Case("a broken signature", t => t.WithBrokenSignature(new TokenClaims()));
        yield return Case("another payload under a good signature", t => t.WithSwappedPayload(new TokenClaims { Subject = "user_1" }, new TokenClaims()));

        static TestCaseData Case(string name, Func<TestTokens, string?> token) => new TestCaseData(token).SetName($"Refused_with_401_on_both_handshakes: {name}");
    }

    [TestCaseSource(nameof(RefusedTokens))]
    public async Task Refused_with_401_on_both_handshakes(object token)
    {
        string? text = ((Func<TestTokens, string?>)token)(_host.Tokens);

        var negotiate = await NegotiateAsync("user_42", text);

        negotiate.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        negotiate.Headers.WwwAuthenticate.ToString().Should().StartWith("Bearer").And.Contain("error_description=");
        negotiate.Content.Headers.ContentType!.MediaType.Should().Be("application/problem+json");
        (await negotiate.JsonAsync()).GetProperty("type").GetString().Should().Be(ProblemTypes.Unauthenticated);
        (await WebSocketStatusAsync("user_42", text)).Should().Be(HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task An_expired_token_is_told_so()
    {
        string token = _host.Tokens.Create(new TokenClaims { ExpiresIn = TimeSpan.FromMinutes(-1) });

        var response = await NegotiateAsync("user_42", token);

        response.Headers.WwwAuthenticate.ToString().Should().Contain("invalid_token").And.Contain("expired");
    }

    [Test]
    public async Task The_route_of_another_user_is_403()
    {
        string token = _host.Tokens.Create("user_42");

        var response = await NegotiateAsync("user_43", token);

        response.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await response.JsonAsync()).GetProperty("type").GetString().Should().Be(ProblemTypes.WrongUser);
        (await WebSocketStatusAsync("user_43", token)).Should().Be(HttpStatusCode.Forbidden);
        (await NegotiateAsync("USER_42", token)).StatusCode.Should().Be(HttpStatusCode.Forbidden, "names are compared ordinally");
    }

    [TestCase("a b")]
    [TestCase("a/b")]
    [TestCase("ü")]
    [TestCase("negotiate")]
    public async Task A_malformed_user_id_is_400_after_the_token_was_checked(string user)
    {
        (await NegotiateAsync(user, token: null)).StatusCode.Should().Be(HttpStatusCode.Unauthorized, "401 comes first");
        (await NegotiateAsync(user, _host.Tokens.Create("user_42"))).StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await WebSocketStatusAsync(user, _host.Tokens.Create("user_42"))).Should().Be(HttpStatusCode.BadRequest);
    }

    [TestCase("a.b:c|d@e+f-g_H9")]
    [TestCase("auth0|5f7c8ec7c33c6c004bbafe82")]
    public async Task Every_allowed_character_of_a_user_id_works_on_the_route(string user)
    {
        await using var tap = await HubTap.ConnectAsync(_host.Address, user, _host.Tokens.Create(user));
        (await tap.HeadAsync()).Should().EndWith(".0");
    }

    [Test]
    public async Task A_token_in_the_query_counts_on_the_hub_route_only()
    {
        string token = _host.Tokens.Create("user_42");
        using var http = _host.ClientWith(token: null);

        (await http.PostAsync($"{Routes.HubFor("user_42")}/negotiate?negotiateVersion=1&access_token={token}", null)).StatusCode.Should().Be(HttpStatusCode.OK);
        (await http.GetAsync($"{Routes.Events}?access_token={token}")).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
    }

    async Task<HttpResponseMessage> NegotiateAsync(string user, string? token)
    {
        using var http = _host.ClientWith(token is { Length: 0 } ? null : token);
        if (token is { Length: 0 }) http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", "Bearer ");
        return await http.PostAsync($"{Routes.HubFor(user)}/negotiate?negotiateVersion=1", null).WithinDeadline();
    }

    /// <summary>As a browser does it: token in the query, no negotiation.</summary>
    async Task<HttpStatusCode> WebSocketStatusAsync(string user, string? token)
    {
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        string query = token is null ? string.Empty : $"?access_token={token}";
        try
        {
            await socket.ConnectAsync(new Uri($"ws://{_host.Address.Authority}{Routes.HubFor(user)}{query}"), CancellationToken.None).WithinDeadline();
        }
        catch (WebSocketException)
        {
            // The status tells.
        }

        return socket.HttpStatusCode;
    }
}
