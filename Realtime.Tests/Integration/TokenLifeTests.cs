using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.Logging;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Expiry, renewal, and that a token is written nowhere.</summary>
[Category("Integration")]
public sealed class TokenLifeTests
{
    const string User = "user_42";

    [Test]
    public async Task An_unrenewed_connection_is_closed_after_expiry_and_grace_and_comes_back_with_a_fresh_token()
    {
        await using var host = await RealtimeHost.StartAsync(Grace("00:00:01"));
        var claims = new TokenClaims { Subject = User, ExpiresIn = TimeSpan.FromSeconds(2) };
        var tokens = new Queue<string>([host.Tokens.Create(claims), host.Tokens.Create(claims with { ExpiresIn = TimeSpan.FromHours(1) })]);
        var connection = new HubConnectionBuilder()
            .WithUrl(new Uri(host.Address, Routes.HubFor(User)), o =>
            {
                o.SkipNegotiation = true;
                o.Transports = Microsoft.AspNetCore.Http.Connections.HttpTransportType.WebSockets;
                o.AccessTokenProvider = () => Task.FromResult<string?>(tokens.Dequeue());
            })
            .WithAutomaticReconnect([TimeSpan.Zero])
            .Build();
        await using var disposal = connection;
        var reconnected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.Reconnected += _ =>
        {
            reconnected.TrySetResult();
            return Task.CompletedTask;
        };

        await connection.StartAsync().WithinDeadline();

        await reconnected.Task.WithinDeadline(TimeSpan.FromSeconds(15));
        tokens.Should().BeEmpty();
        (await connection.InvokeAsync<string>("GetHead").WithinDeadline()).Should().EndWith(".0");
    }

    [TestCase(253_402_300_799)] // the last second of the year 9999, which some issuers write for "never"
    [TestCase(9_000_000_000_000_000)]
    public async Task A_token_that_never_expires_is_taken_and_does_no_harm(long exp)
    {
        await using var host = await RealtimeHost.StartAsync(Grace("00:00:01"));
        string never = host.Tokens.Create(new TokenClaims { Subject = User, Further = new Dictionary<string, object> { ["exp"] = exp } });
        await using var tap = await HubTap.ConnectAsync(host.Address, User, never);
        var renewed = await tap.Connection.InvokeAsync<double>("RenewToken", never).WithinDeadline();
        await using var shortLived = await HubTap.ConnectAsync(
            host.Address, User, host.Tokens.Create(new TokenClaims { Subject = User, ExpiresIn = TimeSpan.FromSeconds(-1) }));

        await Eventually.Async("the sweep has ended another connection", () => shortLived.Connection.State == HubConnectionState.Disconnected);

        renewed.Should().BeGreaterThan(TimeSpan.FromDays(365).TotalSeconds);
        (await tap.HeadAsync()).Should().EndWith(".0", "the connection and the server go on");
    }

    [Test]
    public async Task Renewal_extends_a_connection_and_never_shortens_it()
    {
        await using var host = await RealtimeHost.StartAsync(Grace("00:00:00"));
        string Token(double seconds) => host.Tokens.Create(new TokenClaims { Subject = User, ExpiresIn = TimeSpan.FromSeconds(seconds) });
        await using var tap = await HubTap.ConnectAsync(host.Address, User, Token(3));
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        tap.Connection.Closed += _ =>
        {
            closed.TrySetResult();
            return Task.CompletedTask;
        };

        (await tap.Connection.InvokeAsync<double>("RenewToken", Token(8)).WithinDeadline()).Should().BeInRange(6, 8);
        (await tap.Connection.InvokeAsync<double>("RenewToken", Token(1)).WithinDeadline()).Should().BeInRange(6, 8, "a shorter token does not shorten the connection");
        var connected = System.Diagnostics.Stopwatch.StartNew();
        await closed.Task.WithinDeadline(TimeSpan.FromSeconds(15));

        // The first token ended after 3 s, and the sweep has a period of 1 s: only the renewal explains more than 4 s.
        connected.Elapsed.Should().BeGreaterThan(TimeSpan.FromSeconds(4.2));
    }

    [Test]
    public async Task A_renewal_with_another_user_fails_and_ends_the_connection()
    {
        await using var host = await RealtimeHost.StartAsync();
        await using var tap = await HubTap.ConnectAsync(host.Address, User, host.Tokens.Create(User));

        var renewal = () => tap.Connection.InvokeAsync<double>("RenewToken", host.Tokens.Create("somebody_else")).WithinDeadline();

        (await renewal.Should().ThrowAsync<HubException>()).Which.Message.Should().Contain(HubErrors.UserChanged);
        await Eventually.Async("the connection is ended", () => tap.Connection.State == HubConnectionState.Disconnected);
    }

    [Test]
    public async Task A_renewal_with_an_invalid_token_fails_and_the_connection_stays()
    {
        await using var host = await RealtimeHost.StartAsync();
        await using var tap = await HubTap.ConnectAsync(host.Address, User, host.Tokens.Create(User));

        foreach (string bad in new[] { string.Empty, "garbage", host.Tokens.Unsigned(new TokenClaims { Subject = User }), host.Tokens.Create(new TokenClaims { Subject = User, ExpiresIn = TimeSpan.FromMinutes(-1) }) })
        {
            var renewal = () => tap.Connection.InvokeAsync<double>("RenewToken", bad).WithinDeadline();
            (await renewal.Should().ThrowAsync<HubException>()).Which.Message.Should().Contain(HubErrors.InvalidToken);
        }

        (await tap.HeadAsync()).Should().EndWith(".0");
    }

    [Test]
    public async Task No_token_reaches_a_log_at_any_level()
    {
        await using var host = await RealtimeHost.StartAsync(logLevel: LogLevel.Trace);
        string good = host.Tokens.Create(User, Scopes.Publish);
        string expired = host.Tokens.Create(new TokenClaims { Subject = User, ExpiresIn = TimeSpan.FromMinutes(-1) });
        string forged = host.Tokens.WithBrokenSignature(new TokenClaims { Subject = User });
        using var http = host.ClientWith(token: null);

        foreach (string token in new[] { good, expired, forged })
        {
            await http.PostAsync($"{Routes.HubFor(User)}/negotiate?negotiateVersion=1&access_token={token}", null);
            await http.GetAsync($"{Routes.HubFor("other")}?access_token={token}");
            using var bearer = host.ClientWith(token);
            await bearer.GetAsync(Routes.Events);
            await bearer.PostAsync(Routes.Events, Samples.Json(Samples.Step(User)));
        }

        await using var tap = await HubTap.ConnectAsync(host.Address, User, good);
        await tap.Connection.InvokeAsync<double>("RenewToken", host.Tokens.Create(User)).WithinDeadline();

        host.Logs.All.Should().NotBeEmpty();
        foreach (string token in new[] { good, expired, forged })
        {
            string signature = token.Split('.')[2];
            host.Logs.All.Where(l => l.Text.Contains(signature, StringComparison.Ordinal) || l.Text.Contains(token.Split('.')[1], StringComparison.Ordinal)).Should().BeEmpty();
        }
    }

    static Dictionary<string, string?> Grace(string span) => new() { ["Realtime:TokenGrace"] = span };
}
