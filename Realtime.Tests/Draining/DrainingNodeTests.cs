using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Realtime.Contracts;
using Realtime.Server.Draining;
using Realtime.Tests.Support;

namespace Realtime.Tests.Draining;

/// <summary>What a node that is going away answers, in this process.</summary>
[Category("Integration")]
public sealed class DrainingNodeTests
{
    const string User = "user_42";
    const string Handshake = "{\"protocol\":\"json\",\"version\":1}\u001e";

    [Test]
    public async Task It_is_not_ready_and_takes_nobody_new_while_REST_and_those_who_are_here_go_on()
    {
        await using var host = await StartAsync("00:10:00");
        await using var tap = await HubTap.ConnectAsync(host.Address, User, host.Tokens.Create(User));
        using var http = host.ClientFor(User, Scopes.Publish);
        string poll = await PollAsync(http);
        var drain = host.Services.GetRequiredService<Drain>();
        (await http.GetAsync(Routes.Ready).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.OK);

        var drained = drain.RunAsync();

        using var ready = await http.GetAsync(Routes.Ready).WithinDeadline();
        ready.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        (await ready.JsonAsync()).GetProperty("checks").EnumerateObject().Select(c => c.Name).Should().Equal("draining");
        (await http.GetAsync(Routes.Live).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.OK);

        using var negotiated = await http.PostAsync($"{Routes.HubFor(User)}/negotiate?negotiateVersion=1", null).WithinDeadline();
        negotiated.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        negotiated.Headers.RetryAfter!.Delta.Should().Be(TimeSpan.FromSeconds(1));
        (await negotiated.JsonAsync()).GetProperty("type").GetString().Should().Be(ProblemTypes.Draining);
        (await WebSocketStatusAsync(host)).Should().Be(HttpStatusCode.ServiceUnavailable);
        (await http.GetAsync($"{Routes.HubFor(User)}?id=unknown").WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);

        (await http.PostAsync(Routes.Events, Samples.Json(Samples.Step(User))).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Created);
        (await http.GetAsync(Routes.Events).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.OK);
        await tap.WaitForEventsAsync(1);
        (await tap.HeadAsync()).Should().EndWith(".1");
        await Eventually.Async("the poll brings the event", async () => (await http.GetStringAsync(poll).WithinDeadline()).Contains("ReceiveEvent", StringComparison.Ordinal));

        drain.Hurry();
        await drained.WithinDeadline();
    }

    [Test]
    public async Task A_host_that_is_stopped_by_code_drains_first_and_closes_those_who_do_not_listen_with_leave_to_come_back()
    {
        var host = await StartAsync("00:00:01");
        var reconnecting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var told = new ConcurrentQueue<int>();
        await using var deaf = await HubTap.ConnectAsync(host.Address, User, host.Tokens.Create(User), b => b.WithAutomaticReconnect([TimeSpan.FromMinutes(1)]));
        deaf.Connection.Reconnecting += _ =>
        {
            reconnecting.TrySetResult();
            return Task.CompletedTask;
        };
        deaf.Connection.On<int>("ReceiveReconnect", told.Enqueue);

        await host.DisposeAsync();

        await reconnecting.Task.WithinDeadline();
        told.Should().ContainSingle().Which.Should().BeInRange(0, 250);
        host.Logs.All.Should().Contain(l => l.Text.Contains("1 connections released, 1 of them had to be closed, 0 are cut", StringComparison.Ordinal));
    }

    [Test]
    public async Task Without_connections_there_is_nothing_to_wait_for()
    {
        var host = await StartAsync("00:10:00");

        await host.DisposeAsync(); // has a deadline far below the window

        host.Logs.All.Should().NotContain(l => l.Text.Contains("connections are released", StringComparison.Ordinal));
    }

    [TestCase("00:00:20", null, 25)]
    [TestCase("00:01:00", null, 65)]
    [TestCase("00:01:00", 10, 65)]
    [TestCase("00:00:20", 120, 120)]
    public async Task The_hosts_patience_fits_the_window(string window, int? ownSeconds, int seconds)
    {
        await using var host = await RealtimeHost.StartAsync(new Dictionary<string, string?> { ["Realtime:DrainWindow"] = window }, configure: services =>
        {
            if (ownSeconds is { } own) services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(own));
        });

        host.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout.Should().Be(TimeSpan.FromSeconds(seconds));
    }

    static Task<RealtimeHost> StartAsync(string window) => RealtimeHost.StartAsync(new Dictionary<string, string?> { ["Realtime:DrainWindow"] = window });

    /// <summary>Joins by long polling.</summary>
    /// <returns>Where its events are fetched.</returns>
    static async Task<string> PollAsync(HttpClient http)
    {
        using var negotiated = await http.PostAsync($"{Routes.HubFor(User)}/negotiate?negotiateVersion=1", null).WithinDeadline();
        string poll = $"{Routes.HubFor(User)}?id={(await negotiated.JsonAsync()).GetProperty("connectionToken").GetString()}";
        await http.GetAsync(poll).WithinDeadline(); // the first poll only opens
        await http.PostAsync(poll, new StringContent(Handshake)).WithinDeadline();
        await Eventually.Async("it has joined", async () => (await http.GetStringAsync(poll).WithinDeadline()).Contains("ReceiveHead", StringComparison.Ordinal));
        return poll;
    }

    static async Task<HttpStatusCode> WebSocketStatusAsync(RealtimeHost host)
    {
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        var connecting = () => socket.ConnectAsync(new Uri($"ws://{host.Address.Authority}{Routes.HubFor(User)}?access_token={host.Tokens.Create(User)}"), CancellationToken.None).WithinDeadline();
        await connecting.Should().ThrowAsync<WebSocketException>();
        return socket.HttpStatusCode;
    }
}
