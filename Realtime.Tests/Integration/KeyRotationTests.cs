using System.Net;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Server.Auth;
using Realtime.Tests.Support;
using TokenClaims = Realtime.Tests.Support.TokenClaims;

namespace Realtime.Tests.Integration;

/// <summary>The authority changes its keys, and nobody with a good token is refused; nor is the authority flooded.</summary>
[Category("Integration")]
public sealed class KeyRotationTests
{
    const string User = "user_42";

    /// <summary>The server's clock stands still unless a test moves it: no regular fetch happens, and no pause between two ends by itself.</summary>
    FakeTimeProvider _time = null!;

    TestTokens _first = null!;
    TestTokens _second = null!;
    TestTokens _third = null!;
    FakeAuthority _authority = null!;

    [OneTimeSetUp]
    public void MakeKeys()
    {
        _first = TestTokens.Rsa("first");
        _second = TestTokens.Rsa("second");
        _third = TestTokens.Rsa("third");
    }

    [SetUp]
    public async Task StartAuthority()
    {
        _time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        _authority = await FakeAuthority.StartAsync(_first);
    }

    [TearDown]
    public ValueTask StopAuthority() => _authority.DisposeAsync();

    [OneTimeTearDown]
    public void ForgetKeys()
    {
        _first.Dispose();
        _second.Dispose();
        _third.Dispose();
    }

    [Test]
    public async Task Tokens_of_a_new_key_are_all_accepted_at_once_and_cost_the_authority_one_fetch()
    {
        await using var host = await ReadyHostAsync();
        _time.Advance(AuthorityKeys.Spacing);
        _authority.Publish(_first, _second);

        var statuses = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => StatusAsync(host, Token(i % 4 == 0 ? _first : _second)))).WithinDeadline();

        statuses.Should().AllBeEquivalentTo(HttpStatusCode.OK);
        _authority.KeyFetches.Should().Be(2, "one at start, and one that all who met the new key have shared");
    }

    [Test]
    public async Task A_second_rotation_right_after_the_first_waits_for_its_turn_and_is_accepted()
    {
        await using var host = await ReadyHostAsync();
        _time.Advance(AuthorityKeys.Spacing);
        _authority.Publish(_first, _second);
        (await StatusAsync(host, Token(_second))).Should().Be(HttpStatusCode.OK);
        _authority.Publish(_second, _third);

        var waiting = StatusAsync(host, Token(_third));
        await AdvanceUntilAsync(waiting);

        (await waiting).Should().Be(HttpStatusCode.OK);
        _authority.KeyFetches.Should().Be(3);
    }

    [Test]
    public async Task Tokens_with_made_up_keys_do_not_flood_the_authority_and_are_401()
    {
        await using var host = await ReadyHostAsync();
        _time.Advance(AuthorityKeys.Spacing);

        for (int round = 0; round < 3; round++)
        {
            int begun = _authority.KeyFetches;
            int number = round;
            var requests = Task.WhenAll(Enumerable.Range(0, 50).Select(i => StatusAsync(host, Token(_third.Named($"made-up-{number}-{i}")))));
            await AdvanceUntilAsync(requests);

            (await requests).Should().AllBeEquivalentTo(HttpStatusCode.Unauthorized);
            (_authority.KeyFetches - begun).Should().BeLessThanOrEqualTo(3, "all wait for one fetch, or for the one after it");
        }

        (await StatusAsync(host, Token(_first))).Should().Be(HttpStatusCode.OK, "others are not affected");
    }

    [Test]
    public async Task A_renewal_with_a_token_of_a_new_key_is_accepted()
    {
        await using var host = await ReadyHostAsync();
        await using var tap = await HubTap.ConnectAsync(host.Address, User, Token(_first));
        _time.Advance(AuthorityKeys.Spacing);
        _authority.Publish(_second);

        (await tap.Connection.InvokeAsync<double>("RenewToken", Token(_second)).WithinDeadline()).Should().BePositive();
    }

    [Test]
    public async Task A_withdrawn_key_ends_being_accepted_at_the_next_regular_fetch_also_for_tokens_just_used()
    {
        await using var host = await ReadyHostAsync();
        string old = Token(_first);
        (await StatusAsync(host, old)).Should().Be(HttpStatusCode.OK);
        _authority.Publish(_second);

        (await StatusAsync(host, old)).Should().Be(HttpStatusCode.OK, "nobody has told the server yet");
        _time.Advance(AuthorityRefresh.Regular);
        await Eventually.Async("the keys are fetched again", () => _authority.KeyFetches == 2);

        // The old key is not known any more: its tokens make the server look once more before it says so.
        await Eventually.Async("the old token is refused", async () =>
        {
            var answer = StatusAsync(host, old);
            await AdvanceUntilAsync(answer);
            return await answer == HttpStatusCode.Unauthorized;
        });
        (await StatusAsync(host, Token(_second))).Should().Be(HttpStatusCode.OK);
    }

    [Test]
    public async Task An_authority_that_fails_or_publishes_nothing_costs_no_key_and_a_token_of_an_unknown_one_is_503()
    {
        await using var host = await ReadyHostAsync();
        _time.Advance(AuthorityKeys.Spacing);
        _authority.IsBroken = true;

        var unknown = StatusAsync(host, Token(_second));
        await AdvanceUntilAsync(unknown);
        (await unknown).Should().Be(HttpStatusCode.ServiceUnavailable, "it may well be good");
        (await StatusAsync(host, Token(_first))).Should().Be(HttpStatusCode.OK);

        _authority.IsBroken = false;
        _authority.Publish();
        var none = StatusAsync(host, Token(_second));
        await AdvanceUntilAsync(none);
        (await none).Should().Be(HttpStatusCode.ServiceUnavailable);
        (await StatusAsync(host, Token(_first))).Should().Be(HttpStatusCode.OK, "an empty set is a mistake, not a withdrawal of all keys");
    }

    [Test]
    public async Task Keys_of_an_authority_that_is_gone_for_a_day_are_not_trusted_any_more()
    {
        await using var host = await ReadyHostAsync();
        await _authority.DisposeAsync();
        using var http = host.ClientWith(token: null);

        _time.Advance(AuthorityKeys.LongestTrust - TimeSpan.FromMinutes(1));
        (await StatusAsync(host, Token(_first))).Should().Be(HttpStatusCode.OK);
        var ready = await http.GetAsync(Routes.Ready).WithinDeadline();
        ready.StatusCode.Should().Be(HttpStatusCode.OK);
        (await ready.Content.ReadAsStringAsync()).Should().Contain("degraded").And.Contain("does not answer");

        _time.Advance(TimeSpan.FromMinutes(1));
        (await StatusAsync(host, Token(_first))).Should().Be(HttpStatusCode.ServiceUnavailable);
        (await http.GetAsync(Routes.Ready).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
    }

    [Test]
    public async Task While_the_authority_was_never_reached_tokens_are_503_with_Retry_After_on_every_entrance_and_ready_names_it()
    {
        string url = $"http://127.0.0.1:{FreePort.Next()}";
        await using var host = await StartAsync(url);
        string token = _first.Create(new TokenClaims { Subject = User, Issuer = url, Audience = null });
        using var http = host.ClientWith(token);
        using var stranger = host.ClientWith(token: null);

        var ready = await stranger.GetAsync(Routes.Ready).WithinDeadline();
        ready.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        (await ready.Content.ReadAsStringAsync()).Should().Contain(url);
        var refused = await http.GetAsync(Routes.Events).WithinDeadline();
        refused.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        refused.Headers.RetryAfter!.Delta.Should().BePositive();
        (await refused.JsonAsync()).GetProperty("type").GetString().Should().Be(ProblemTypes.AuthorityUnavailable);
        (await http.PostAsync($"{Routes.HubFor(User)}/negotiate?negotiateVersion=1", null).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        (await stranger.GetAsync(Routes.Events).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Unauthorized, "whoever shows no token is told to");

        await using var authority = await FakeAuthority.StartAsync(_first, url);
        await Eventually.Async("the server is ready", async () =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return (await stranger.GetAsync(Routes.Ready).WithinDeadline()).IsSuccessStatusCode;
        });
        (await http.GetAsync(Routes.Events).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    async Task<RealtimeHost> ReadyHostAsync()
    {
        var host = await StartAsync(_authority.Url);
        using var http = host.ClientWith(token: null);
        await Eventually.Async("the server is ready", async () => (await http.GetAsync(Routes.Ready).WithinDeadline()).IsSuccessStatusCode);
        return host;
    }

    Task<RealtimeHost> StartAsync(string authority) => RealtimeHost.StartAsync(
        new Dictionary<string, string?>
        {
            ["Authentication:Schemes:Bearer:Authority"] = authority,
            ["Authentication:Schemes:Bearer:RequireHttpsMetadata"] = "false",
        },
        _first,
        trustTokens: false,
        configure: services => services.AddSingleton<TimeProvider>(_time));

    string Token(TestTokens tokens) => tokens.Create(new TokenClaims { Subject = User, Issuer = _authority.Url, Audience = null, ExpiresIn = TimeSpan.FromDays(3) });

    /// <summary>Lets the server's clock go on until the next fetch may begin, and no further: its patience goes by that clock too.</summary>
    Task AdvanceUntilAsync(Task answered)
    {
        var advanced = TimeSpan.Zero;
        return Eventually.Async("it is answered", () =>
        {
            if (answered.IsCompleted) return true;
            if (advanced >= AuthorityKeys.Spacing) return false;
            var step = TimeSpan.FromMilliseconds(100);
            _time.Advance(step);
            advanced += step;
            return false;
        });
    }

    static async Task<HttpStatusCode> StatusAsync(RealtimeHost host, string token)
    {
        using var http = host.ClientWith(token);
        return (await http.GetAsync(Routes.Events).WithinDeadline()).StatusCode;
    }
}
