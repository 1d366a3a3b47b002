using System.Net;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Server;
using Realtime.Server.Revocations;
using Realtime.Tests.Client;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>What an operator revokes on one node is refused on the other, over real PostgreSQL and Redis.</summary>
[Category("Integration")]
public sealed class RevocationTests : OwnRedisTests
{
    /// <summary>The clock of the other node's looks stands still, so that nothing but the hint makes it look.</summary>
    [TestCase(BackplaneKind.Shard)]
    [TestCase(BackplaneKind.Stock)]
    public async Task A_hint_over_redis_ends_a_token_on_every_entrance_of_the_other_node_though_it_was_validated_there_before(BackplaneKind backplane)
    {
        _settings["Realtime:Backplane"] = backplane.ToString();
        await using var a = await RealtimeHost.StartAsync(_settings, _tokens);
        await using var b = await RealtimeHost.StartAsync(
            _settings, _tokens, configure: services => services.AddSingleton(s => ActivatorUtilities.CreateInstance<RevocationRefresh>(s, new FakeTimeProvider())));
        await Eventually.Async("both nodes are ready", async () => await IsHealthyAsync(a) && await IsHealthyAsync(b), Patience);
        string stolen = _tokens.Create(new TokenClaims { Subject = User, Id = "stolen", Scopes = [Scopes.Publish] });
        using var thief = b.ClientWith(stolen);
        using var owner = b.ClientFor(User);
        (await thief.StatusAsync()).Should().Be(HttpStatusCode.OK);
        (await thief.PostAsync(Routes.Events, Samples.Json(Samples.Step(User))).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Created);
        await using var ended = await HubTap.ConnectWithoutBarrierAsync(b.Address, User, stolen);
        await using var spared = await HubTap.ConnectWithoutBarrierAsync(b.Address, User, _tokens.Create(User));
        await ended.HeadAsync();

        await a.RevokeTokenAsync("stolen");

        await Eventually.Async("the other node refuses it", async () => await thief.StatusAsync() == HttpStatusCode.Unauthorized);
        await Eventually.Async("its connection is ended", () => ended.Connection.State == HubConnectionState.Disconnected);
        var refused = await thief.PostAsync($"{Routes.HubFor(User)}/negotiate?negotiateVersion=1", null).WithinDeadline();
        refused.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        refused.Headers.WwwAuthenticate.ToString().Should().Contain("invalid_token").And.Contain("The token was revoked");
        (await refused.JsonAsync()).GetProperty("type").GetString().Should().Be(ProblemTypes.Unauthenticated);
        (await thief.PostAsync(Routes.Events, Samples.Json(Samples.Step(User))).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        var handshake = () => HubTap.ConnectWithoutBarrierAsync(b.Address, User, stolen);
        (await handshake.Should().ThrowAsync<Exception>()).Which.ToString().Should().Contain("401");
        var renewal = () => spared.Connection.InvokeAsync<double>("RenewToken", stolen).WithinDeadline();
        (await renewal.Should().ThrowAsync<HubException>()).Which.Message.Should().Contain(HubErrors.InvalidToken);
        (await spared.HeadAsync()).Should().EndWith(".1", "another token of the same user goes on");
        (await owner.StatusAsync()).Should().Be(HttpStatusCode.OK);
    }

    [Test]
    public async Task While_redis_is_dead_a_revocation_reaches_the_other_node_all_the_same_and_survives_its_restart()
    {
        string stolen = _tokens.Create(new TokenClaims { Subject = User, Id = "stolen" });
        await using var a = await RealtimeHost.StartAsync(_settings, _tokens);
        await using (var b = await RealtimeHost.StartAsync(_settings, _tokens))
        {
            using var thief = b.ClientWith(stolen);
            (await thief.StatusAsync()).Should().Be(HttpStatusCode.OK);
            await _redis.KillAsync();

            await a.RevokeTokenAsync("stolen");

            using var here = a.ClientWith(stolen);
            (await here.StatusAsync()).Should().Be(HttpStatusCode.Unauthorized, "it is in effect where it was made when it is answered");
            await Eventually.Async("the other node refuses it", async () => await thief.StatusAsync() == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(30));
        }

        await using var restarted = await RealtimeHost.StartAsync(_settings, _tokens);
        using var first = restarted.ClientWith(stolen);
        (await first.StatusAsync()).Should().Be(HttpStatusCode.Unauthorized, "the list is loaded before the node opens");
    }

    [Test]
    public async Task A_user_whose_tokens_are_revoked_comes_back_with_a_fresh_one_and_misses_nothing()
    {
        const int published = 60;
        await using var a = await RealtimeHost.StartAsync(_settings, _tokens);
        await using var b = await RealtimeHost.StartAsync(_settings, _tokens);
        using var publisher = a.ClientFor("worker", Scopes.Publish);
        await using var other = await HubTap.ConnectAsync(b.Address, "user_43", _tokens.Create("user_43"));
        string old = _tokens.Create(User);
        int asked = 0, askedBefore = int.MaxValue;
        // As a provider that caches: two refusals pass before it makes a new token.
        ValueTask<string> Provide() => new(Interlocked.Increment(ref asked) <= Volatile.Read(ref askedBefore) + 2 ? old : _tokens.Create(User));
        await using var run = await ClientRun.LiveAsync(b.Address, o =>
        {
            o.UserId = User;
            o.AccessTokenProvider = _ => Provide();
            o.RetryPolicy = new ShortRetry();
        });

        for (int i = 0; i < published; i++)
        {
            if (i == published / 3)
            {
                askedBefore = Volatile.Read(ref asked);
                await a.RevokeUserAsync(User);
            }

            (await publisher.PostAsync(Routes.Events, Samples.Json(Samples.Step(User, i))).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Created);
        }

        await run.UntilLiveAsync(times: 2);
        await run.UntilSeenAsync(published);
        run.Sequences.Should().Equal(Enumerable.Range(1, published).Select(i => (long)i));
        run.Losses.Should().BeEmpty();
        (asked - askedBefore).Should().BeInRange(3, 500, "it asks with each attempt, and attempts are apart");
        other.Connection.State.Should().Be(HubConnectionState.Connected);
        using var stale = b.ClientWith(old);
        (await stale.StatusAsync()).Should().Be(HttpStatusCode.Unauthorized);
    }

    [Test]
    public async Task A_user_who_is_disconnected_comes_back_on_every_node_with_the_same_token()
    {
        await using var a = await RealtimeHost.StartAsync(_settings, _tokens);
        await using var b = await RealtimeHost.StartAsync(_settings, _tokens);
        string token = _tokens.Create(User);
        int returns = 0, otherReturns = 0;
        await using var onA = await HubTap.ConnectAsync(a.Address, User, token, builder => builder.WithAutomaticReconnect());
        await using var onB = await HubTap.ConnectAsync(b.Address, User, token, builder => builder.WithAutomaticReconnect());
        await using var other = await HubTap.ConnectAsync(b.Address, "user_43", _tokens.Create("user_43"), builder => builder.WithAutomaticReconnect());
        onA.Connection.Reconnected += _ => Task.FromResult(Interlocked.Increment(ref returns));
        onB.Connection.Reconnected += _ => Task.FromResult(Interlocked.Increment(ref returns));
        other.Connection.Reconnecting += _ => Task.FromResult(Interlocked.Increment(ref otherReturns));

        await a.DisconnectAsync(User);

        await Eventually.Async("both have come back", () => Volatile.Read(ref returns) >= 2);
        await Eventually.Async("both stand", () => onA.Connection.State == HubConnectionState.Connected && onB.Connection.State == HubConnectionState.Connected);
        (await onA.HeadAsync()).Should().EndWith(".0");
        (await onB.HeadAsync()).Should().EndWith(".0");
        Volatile.Read(ref otherReturns).Should().Be(0);
    }

    static async Task<bool> IsHealthyAsync(RealtimeHost host)
    {
        using var http = host.ClientWith(token: null);
        return (await (await http.GetAsync(Routes.Ready)).JsonAsync()).GetProperty("status").GetString() == "healthy";
    }

    /// <summary>100 ms, always.</summary>
    sealed class ShortRetry : IRetryPolicy
    {
        public TimeSpan? NextRetryDelay(RetryContext retryContext) => TimeSpan.FromMilliseconds(100);
    }
}
