using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>What a connection no longer needs of its handshake is released, where nothing of it can be asked for again.</summary>
[Category("Integration")]
public sealed class HandshakeReleaseTests
{
    const string User = "user_42";
    HttpContext? _request;
    RealtimeHost _host = null!;

    [SetUp]
    public async Task Start() => _host = await RealtimeHost.StartAsync(map: app => app.Use(next => context =>
    {
        _request = context;
        return next(context);
    }));

    [TearDown]
    public async Task Stop() => await _host.DisposeAsync();

    [Test]
    public async Task A_websocket_does_not_keep_its_token()
    {
        await using var tap = await HubTap.ConnectAsync(_host.Address, User, _host.Tokens.Create(User, Scopes.Publish));

        _request!.Request.Headers.Authorization.Should().BeEmpty();
        _request.User.FindFirst("sub")!.Value.Should().Be(User);
        _request.Features.Get<IAuthenticateResultFeature>()?.AuthenticateResult.Should().BeNull();
        (await tap.Connection.InvokeAsync<double>("RenewToken", _host.Tokens.Create(User)).WithinDeadline()).Should().BePositive();
    }

    [Test]
    public async Task A_token_in_the_query_is_not_kept_either_and_the_rest_of_the_query_is()
    {
        await using var connection = new HubConnectionBuilder()
            .WithUrl(new Uri(_host.Address, $"{Routes.HubFor(User)}?tab=1&access_token={_host.Tokens.Create(User)}"), o =>
            {
                o.SkipNegotiation = true;
                o.Transports = HttpTransportType.WebSockets;
            })
            .Build();
        await connection.StartAsync().WithinDeadline();
        await connection.InvokeAsync<string>("GetHead").WithinDeadline();

        _request!.Request.QueryString.Value.Should().Be("?tab=1");
        _request.Request.Query["tab"].ToString().Should().Be("1");
    }
}
