using System.Globalization;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Server.Hubs;
using Realtime.Server.Publishing;
using Realtime.Tests.Client;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>
/// Clients under tokens that live for seconds: their connections outlive them, and where one does not, nothing is lost.
/// The same over minutes and against two nodes: <c>./chaos.sh --calm --token-life 3</c>.
/// </summary>
[Category("Integration")]
public sealed class ShortTokensTests
{
    const int Clients = 5;
    static readonly TimeSpan Life = TimeSpan.FromSeconds(3);

    [Test]
    public async Task Connections_outlive_tokens_of_three_seconds_under_load_without_a_single_reconnect()
    {
        await using var host = await RealtimeHost.StartAsync(new Dictionary<string, string?> { ["Realtime:TokenGrace"] = "00:00:05" });
        var publisher = host.Services.GetRequiredService<IAgentEventPublisher>();
        var connections = host.Services.GetRequiredService<HubConnections>();
        var users = Enumerable.Range(1, Clients).Select(i => string.Create(CultureInfo.InvariantCulture, $"short_{i}")).ToList();
        int[] tokensMade = new int[Clients];
        var runs = await Task.WhenAll(users.Select((user, i) => ClientRun.LiveAsync(host.Address, o =>
        {
            o.UserId = user;
            o.Jitter = () => 0.5;
            o.AccessTokenProvider = _ =>
            {
                Interlocked.Increment(ref tokensMade[i]);
                return new ValueTask<string>(ShortToken(host, user));
            };
        })));
        try
        {
            var opened = connections.All.Select(c => c.Id).ToList();
            await using var unrenewed = await HubTap.ConnectAsync(host.Address, "unrenewed", ShortToken(host, "unrenewed"));
            int published = 0;

            // The one that does not renew shows that the others would have been ended, too, and ends the test.
            await Eventually.Async("the server has ended the unrenewed connection", async () =>
            {
                published++;
                foreach (string user in users) await publisher.PublishAsync(user, Briefing(published)).WithinDeadline();
                return unrenewed.Connection.State == HubConnectionState.Disconnected;
            });

            foreach (var run in runs)
            {
                await run.UntilSeenAsync(published);
                run.Sequences.Should().Equal(Enumerable.Range(1, published).Select(i => (long)i));
                run.States.Count(s => s.Reason.StartsWith("connected", StringComparison.Ordinal)).Should().Be(1);
            }

            await Eventually.Async("the server has forgotten the unrenewed connection", () => connections.All.Count == opened.Count);
            connections.All.Select(c => c.Id).Should().BeEquivalentTo(opened);
            tokensMade.Should().OnlyContain(made => made >= 4, "one to connect, one to find the start, and at least two renewals");
        }
        finally
        {
            foreach (var run in runs) await run.DisposeAsync();
        }
    }

    [Test]
    public async Task A_client_that_could_not_renew_is_asked_to_come_back_within_five_seconds_and_loses_nothing()
    {
        const string User = "returning";
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var host = await RealtimeHost.StartAsync(configure: services => services.AddSingleton<TimeProvider>(time));
        var publisher = host.Services.GetRequiredService<IAgentEventPublisher>();
        var cursors = new InMemoryCursorStore();
        await using var run = await ClientRun.LiveAsync(host.Address, o =>
        {
            o.UserId = User;
            o.CursorStore = cursors;
            o.AccessTokenProvider = _ => new ValueTask<string>(host.Tokens.Create(new TokenClaims { Subject = User, ExpiresIn = TimeSpan.FromMinutes(10) }));
        });
        for (int i = 1; i <= 3; i++) await publisher.PublishAsync(User, Briefing(i)).WithinDeadline();
        await run.UntilSeenAsync(3);

        // For the client no time passes, so it renews nothing; for the server the token ends, and with it the grace of 25 s.
        var expiry = host.Services.GetRequiredService<HubConnections>().All.Single().ExpiresAt;
        time.SetUtcNow(expiry + TimeSpan.FromSeconds(24));
        await publisher.PublishAsync(User, Briefing(4)).WithinDeadline();
        await run.UntilSeenAsync(4);
        run.TimesCaughtUp.Should().Be(1, "the grace has not passed");
        time.Advance(TimeSpan.FromSeconds(1 + 5));
        int published = 4;
        await Eventually.Async("the client has come back", async () =>
        {
            await publisher.PublishAsync(User, Briefing(++published)).WithinDeadline();
            return run.TimesCaughtUp == 2;
        });

        await run.UntilSeenAsync(published);
        run.Sequences.Should().Equal(Enumerable.Range(1, published).Select(i => (long)i));
        run.Losses.Should().BeEmpty();
        run.Client.Position!.Value.Sequence.Should().Be(published);
    }

    [Test]
    public async Task A_token_that_became_another_users_ends_the_client_for_good()
    {
        await using var host = await RealtimeHost.StartAsync();
        bool isChanged = false;
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var run = await ClientRun.LiveAsync(host.Address, o =>
        {
            o.UserId = "anna";
            o.TimeProvider = time;
            o.AccessTokenProvider = _ => new ValueTask<string>(host.Tokens.Create(new TokenClaims
            {
                Subject = Volatile.Read(ref isChanged) ? "berta" : "anna",
                ExpiresIn = TimeSpan.FromMinutes(Volatile.Read(ref isChanged) ? 20 : 10),
            }));
        });

        Volatile.Write(ref isChanged, true);
        time.Advance(TimeSpan.FromMinutes(9.5));

        await FluentActions.Awaiting(() => run.Client.Completion.WithinDeadline()).Should().ThrowAsync<AccessDeniedException>();
        run.Client.Status.State.Should().Be(ConnectionState.Stopped);
        await Eventually.Async("the connection is gone", () => host.Services.GetRequiredService<HubConnections>().All.Count == 0);
    }

    static string ShortToken(RealtimeHost host, string user) => host.Tokens.Create(new TokenClaims { Subject = user, ExpiresIn = Life });

    static BriefingDelivered Briefing(int number) => new()
    {
        BriefingId = string.Create(CultureInfo.InvariantCulture, $"b{number}"),
        Title = "Morning",
        Channel = "email",
        ItemCount = number,
    };
}
