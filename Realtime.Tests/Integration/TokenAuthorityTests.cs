using System.Net;
using Microsoft.AspNetCore.SignalR;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Tokens of an identity provider, found by discovery: Clerk's shape, RS256, 60 s, <c>azp</c>, no <c>aud</c>.</summary>
[Category("Integration")]
public sealed class TokenAuthorityTests
{
    const string Party = "https://app.example.com";

    [Test]
    public async Task Clerks_tokens_are_accepted_and_forged_ones_are_not()
    {
        using var tokens = TestTokens.Rsa();
        using var other = TestTokens.Rsa();
        await using var authority = await FakeAuthority.StartAsync(tokens);
        await using var host = await RealtimeHost.StartAsync(Settings(authority.Url), tokens, trustTokens: false);
        var clerk = new TokenClaims { Issuer = authority.Url, Audience = null, AuthorizedParty = Party, ExpiresIn = TimeSpan.FromSeconds(60) };

        (await StatusAsync(host, tokens.Create(clerk))).Should().Be(HttpStatusCode.OK);
        (await StatusAsync(host, tokens.Create(clerk with { AuthorizedParty = "https://evil.test" }))).Should().Be(HttpStatusCode.Unauthorized);
        (await StatusAsync(host, tokens.Create(clerk with { AuthorizedParty = null }))).Should().Be(HttpStatusCode.Unauthorized);
        (await StatusAsync(host, tokens.Create(clerk with { Issuer = "https://evil.test" }))).Should().Be(HttpStatusCode.Unauthorized);
        (await StatusAsync(host, tokens.Create(clerk with { ExpiresIn = TimeSpan.FromSeconds(-6) }))).Should().Be(HttpStatusCode.Unauthorized);
        (await StatusAsync(host, tokens.SignedBy(other, clerk))).Should().Be(HttpStatusCode.Unauthorized);
        (await StatusAsync(host, tokens.WithPublicKeyAsSecret(clerk))).Should().Be(HttpStatusCode.Unauthorized, "an HMAC by the public key is no signature");
        (await StatusAsync(host, tokens.Unsigned(clerk))).Should().Be(HttpStatusCode.Unauthorized);

        await using var tap = await HubTap.ConnectAsync(host.Address, "user_42", tokens.Create(clerk));
        (await tap.Connection.InvokeCoreAsync("RenewToken", typeof(double), [tokens.Create(clerk)]).WithinDeadline()).Should().BeOfType<double>().Which.Should().BeInRange(50, 60);
    }

    [Test]
    public async Task The_keys_are_there_before_the_first_user_and_an_unreachable_authority_is_not_ready()
    {
        using var tokens = TestTokens.Rsa();
        string url = $"http://127.0.0.1:{FreePort.Next()}";
        await using var host = await RealtimeHost.StartAsync(Settings(url), tokens, trustTokens: false);
        using var http = host.ClientWith(token: null);

        (await http.GetAsync(Routes.Ready)).StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        (await http.GetAsync(Routes.Live)).StatusCode.Should().Be(HttpStatusCode.OK);

        await using var authority = await FakeAuthority.StartAsync(tokens, url);
        await Eventually.Async("the server is ready", async () => (await http.GetAsync(Routes.Ready)).IsSuccessStatusCode, TimeSpan.FromSeconds(60));
        authority.KeyFetches.Should().Be(1);
        for (int i = 0; i < 20; i++)
            (await StatusAsync(host, tokens.Create(new TokenClaims { Issuer = url, Audience = null, AuthorizedParty = Party }))).Should().Be(HttpStatusCode.OK);
        authority.KeyFetches.Should().Be(1);
    }

    [Test]
    public async Task A_token_that_was_just_used_is_refused_once_it_has_expired()
    {
        using var tokens = TestTokens.Rsa();
        await using var authority = await FakeAuthority.StartAsync(tokens);
        await using var host = await RealtimeHost.StartAsync(Settings(authority.Url), tokens, trustTokens: false);
        string token = tokens.Create(new TokenClaims
        {
            Issuer = authority.Url,
            Audience = null,
            AuthorizedParty = Party,
            ExpiresIn = TimeSpan.FromSeconds(-3), // within the skew of 5 s
        });

        (await StatusAsync(host, token)).Should().Be(HttpStatusCode.OK);
        await Eventually.Async("it is refused", async () => await StatusAsync(host, token) == HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task Tokens_that_differ_only_in_their_signature_are_never_taken_for_one_another()
    {
        using var tokens = TestTokens.Rsa();
        await using var authority = await FakeAuthority.StartAsync(tokens);
        await using var host = await RealtimeHost.StartAsync(Settings(authority.Url), tokens, trustTokens: false);
        string token = tokens.Create(new TokenClaims { Issuer = authority.Url, Audience = null, AuthorizedParty = Party });

        for (int i = 0; i < 3; i++) (await StatusAsync(host, token)).Should().Be(HttpStatusCode.OK);
        (await StatusAsync(host, token[..^8] + "AAAAAAAA")).Should().Be(HttpStatusCode.Unauthorized);
        (await StatusAsync(host, token[..token.LastIndexOf('.')] + ".")).Should().Be(HttpStatusCode.Unauthorized);
        (await StatusAsync(host, token)).Should().Be(HttpStatusCode.OK);
    }

    [TestCase(null, HttpStatusCode.Unauthorized)]
    [TestCase("somebody-else", HttpStatusCode.Unauthorized)]
    [TestCase("REALTIME", HttpStatusCode.Unauthorized)]
    [TestCase("realtime", HttpStatusCode.OK)]
    [TestCase("somebody-else,realtime", HttpStatusCode.OK)]
    public async Task A_configured_audience_is_demanded_on_every_entrance(string? audiences, HttpStatusCode expected)
    {
        using var tokens = TestTokens.Rsa();
        await using var authority = await FakeAuthority.StartAsync(tokens);
        var settings = Settings(authority.Url);
        settings["Authentication:Schemes:Bearer:ValidAudiences:0"] = "realtime";
        await using var host = await RealtimeHost.StartAsync(settings, tokens, trustTokens: false);
        var good = new TokenClaims { Issuer = authority.Url, Audience = "realtime", AuthorizedParty = Party };
        var claims = good with { Audience = null };
        if (audiences is not null) claims = claims with { Further = new Dictionary<string, object> { ["aud"] = audiences.Split(',') } };

        await AllEntrancesAnswerAsync(host, good, claims, expected);
    }

    [TestCase(null, HttpStatusCode.Unauthorized)]
    [TestCase("https://evil.test", HttpStatusCode.Unauthorized)]
    [TestCase("https://app.example.com/", HttpStatusCode.Unauthorized)]
    [TestCase(Party, HttpStatusCode.OK)]
    public async Task Configured_parties_are_demanded_on_every_entrance(string? party, HttpStatusCode expected)
    {
        using var tokens = TestTokens.Rsa();
        await using var authority = await FakeAuthority.StartAsync(tokens);
        await using var host = await RealtimeHost.StartAsync(Settings(authority.Url), tokens, trustTokens: false);
        var good = new TokenClaims { Issuer = authority.Url, Audience = null, AuthorizedParty = Party };

        await AllEntrancesAnswerAsync(host, good, good with { AuthorizedParty = party }, expected);
    }

    [Test]
    public async Task A_configured_issuer_is_demanded_on_every_entrance_beside_the_authoritys_own()
    {
        using var tokens = TestTokens.Rsa();
        await using var authority = await FakeAuthority.StartAsync(tokens);
        var settings = Settings(authority.Url);
        settings["Authentication:Schemes:Bearer:ValidIssuer"] = "https://also.test";
        await using var host = await RealtimeHost.StartAsync(settings, tokens, trustTokens: false);
        var good = new TokenClaims { Issuer = authority.Url, Audience = null, AuthorizedParty = Party };

        await AllEntrancesAnswerAsync(host, good, good with { Issuer = "https://also.test" }, HttpStatusCode.OK);
        await AllEntrancesAnswerAsync(host, good, good with { Issuer = "https://evil.test" }, HttpStatusCode.Unauthorized);
        await AllEntrancesAnswerAsync(host, good, good with { Issuer = null }, HttpStatusCode.Unauthorized);
    }

    /// <summary>REST, negotiation, and a renewal over a connection that a good token has opened.</summary>
    static async Task AllEntrancesAnswerAsync(RealtimeHost host, TokenClaims good, TokenClaims claims, HttpStatusCode expected)
    {
        string token = host.Tokens.Create(claims);
        (await StatusAsync(host, token)).Should().Be(expected);
        using var http = host.ClientWith(token);
        (await http.PostAsync($"{Routes.HubFor("user_42")}/negotiate?negotiateVersion=1", null).WithinDeadline()).StatusCode.Should().Be(expected);

        await using var tap = await HubTap.ConnectAsync(host.Address, "user_42", host.Tokens.Create(good));
        var renewal = () => tap.Connection.InvokeCoreAsync("RenewToken", typeof(double), [token]).WithinDeadline();
        if (expected == HttpStatusCode.OK) await renewal.Should().NotThrowAsync();
        else (await renewal.Should().ThrowAsync<HubException>()).Which.Message.Should().Contain(HubErrors.InvalidToken);
    }

    static Dictionary<string, string?> Settings(string authority) => new()
    {
        ["Authentication:Schemes:Bearer:Authority"] = authority,
        ["Authentication:Schemes:Bearer:RequireHttpsMetadata"] = "false",
        ["Realtime:AuthorizedParties:0"] = Party,
    };

    static async Task<HttpStatusCode> StatusAsync(RealtimeHost host, string token)
    {
        using var http = host.ClientWith(token);
        return (await http.GetAsync(Routes.Events).WithinDeadline()).StatusCode;
    }
}
