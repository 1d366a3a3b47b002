using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Expiry, renewal, and that a token is written nowhere.</summary>
[Category("Integration")]
public sealed class TokenLifeTests
{
    const string User = "user_42";

    /// <summary>The server's clock, which goes on only when a test says so; whether a token is accepted is decided by the real one.</summary>
    FakeTimeProvider _time = null!;

    [SetUp]
    public void StartClock() => _time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());

    [Test]
    public async Task An_unrenewed_connection_is_closed_after_expiry_and_grace_and_comes_back_with_a_fresh_token()
    {
        await using var host = await StartAsync(grace: TimeSpan.FromMinutes(5));
        var tokens = new Queue<string>([Token(host, minutes: 10), Token(host, minutes: 60)]);
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
        await connection.InvokeAsync<string>("GetHead").WithinDeadline();
        await using var witness = await HubTap.ConnectAsync(host.Address, User, Token(host, minutes: 2));

        _time.Advance(TimeSpan.FromMinutes(12)); // expired, and within the grace
        await EndedAsync(witness);
        reconnected.Task.IsCompleted.Should().BeFalse("the grace has not passed");
        connection.State.Should().Be(HubConnectionState.Connected);
        _time.Advance(TimeSpan.FromMinutes(4));

        await reconnected.Task.WithinDeadline();
        tokens.Should().BeEmpty();
        (await connection.InvokeAsync<string>("GetHead").WithinDeadline()).Should().EndWith(".0");
    }

    [TestCase(253_402_300_799)] // the last second of the year 9999, which some issuers write for "never"
    [TestCase(9_000_000_000_000_000)]
    public async Task A_token_that_never_expires_is_taken_and_does_no_harm(long exp)
    {
        await using var host = await StartAsync(grace: TimeSpan.FromSeconds(1));
        string never = host.Tokens.Create(new TokenClaims { Subject = User, Further = new Dictionary<string, object> { ["exp"] = exp } });
        await using var tap = await HubTap.ConnectAsync(host.Address, User, never);
        var renewed = await tap.Connection.InvokeAsync<double>("RenewToken", never).WithinDeadline();
        await using var shortLived = await HubTap.ConnectAsync(host.Address, User, Token(host, minutes: 10));

        _time.Advance(TimeSpan.FromMinutes(11));
        await EndedAsync(shortLived);

        renewed.Should().BeGreaterThan(TimeSpan.FromDays(365).TotalSeconds);
        (await tap.HeadAsync()).Should().EndWith(".0", "the connection and the server go on");
    }

    [Test]
    public async Task Renewal_extends_a_connection_and_never_shortens_it()
    {
        await using var host = await StartAsync(grace: TimeSpan.Zero);
        await using var tap = await HubTap.ConnectAsync(host.Address, User, Token(host, minutes: 10));
        await using var unrenewed = await HubTap.ConnectAsync(host.Address, User, Token(host, minutes: 10));

        (await tap.Connection.InvokeAsync<double>("RenewToken", Token(host, minutes: 20)).WithinDeadline()).Should().BeInRange(19 * 60, 21 * 60);
        (await tap.Connection.InvokeAsync<double>("RenewToken", Token(host, minutes: 1)).WithinDeadline()).Should().BeInRange(19 * 60, 21 * 60, "a shorter token does not shorten the connection");

        _time.Advance(TimeSpan.FromMinutes(12));
        await EndedAsync(unrenewed);
        (await tap.HeadAsync()).Should().EndWith(".0", "the same sweep spared the renewed one");
        _time.Advance(TimeSpan.FromMinutes(10));
        await EndedAsync(tap);
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

    Task<RealtimeHost> StartAsync(TimeSpan grace) => RealtimeHost.StartAsync(
        new Dictionary<string, string?> { ["Realtime:TokenGrace"] = grace.ToString() }, configure: services => services.AddSingleton<TimeProvider>(_time));

    static string Token(RealtimeHost host, int minutes) => host.Tokens.Create(new TokenClaims { Subject = User, ExpiresIn = TimeSpan.FromMinutes(minutes) });

    static Task EndedAsync(HubTap tap) => Eventually.Async("the sweep has ended the connection", () => tap.Connection.State == HubConnectionState.Disconnected);
}
