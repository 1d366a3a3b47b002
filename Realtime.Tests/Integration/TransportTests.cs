using System.Net;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>The transports beside WebSockets: the same hub, and a connection stays with the user it began with.</summary>
[Category("Integration")]
public sealed class TransportTests
{
    const string Handshake = "{\"protocol\":\"json\",\"version\":1}\u001e";
    RealtimeHost _host = null!;

    [OneTimeSetUp]
    public async Task Start() => _host = await RealtimeHost.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _host.DisposeAsync();

    [TestCase(HttpTransportType.WebSockets)]
    [TestCase(HttpTransportType.ServerSentEvents)]
    [TestCase(HttpTransportType.LongPolling)]
    public async Task With_negotiation_every_transport_gets_events_and_answers(HttpTransportType transport)
    {
        string user = $"over|{transport}";
        await using var connection = new HubConnectionBuilder()
            .WithUrl(new Uri(_host.Address, Routes.HubFor(user)), transport, o => o.AccessTokenProvider = () => Task.FromResult<string?>(_host.Tokens.Create(user)))
            .Build();
        var received = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.On<System.Text.Json.JsonElement>("ReceiveEvent", e => received.TrySetResult(e.GetProperty("position").GetString()!));
        await connection.StartAsync().WithinDeadline();
        (await connection.InvokeAsync<string>("GetHead").WithinDeadline()).Should().EndWith(".0");
        using var publisher = _host.ClientFor("worker", Scopes.Publish);

        await publisher.PostAsync(Routes.Events, Samples.Json(Samples.Step(user))).WithinDeadline();

        (await received.Task.WithinDeadline()).Should().EndWith(".1");
        (await connection.InvokeAsync<double>("RenewToken", _host.Tokens.Create(user)).WithinDeadline()).Should().BePositive();
        await connection.InvokeAsync("Acknowledge", "page", await received.Task).WithinDeadline();
    }

    [Test]
    public async Task A_connection_cannot_be_gone_on_with_by_another_user()
    {
        using var owner = _host.ClientFor("owner");
        using var thief = _host.ClientFor("thief");
        string id = (await (await owner.PostAsync($"{Routes.HubFor("owner")}/negotiate?negotiateVersion=1", null).WithinDeadline()).JsonAsync())
            .GetProperty("connectionToken").GetString()!;
        string own = $"{Routes.HubFor("owner")}?id={id}";
        string stolen = $"{Routes.HubFor("thief")}?id={id}";
        await owner.GetAsync(own).WithinDeadline(); // the first poll only opens
        await owner.PostAsync(own, new StringContent(Handshake)).WithinDeadline();
        await Eventually.Async("the head has come, so the connection is joined", async () => (await owner.GetStringAsync(own)).Contains("ReceiveHead", StringComparison.Ordinal));

        var poll = await thief.GetAsync(stolen).WithinDeadline();
        var call = await thief.PostAsync(stolen, new StringContent("{\"type\":6}\u001e")).WithinDeadline();
        var end = await thief.DeleteAsync(stolen).WithinDeadline();

        foreach (var refused in new[] { poll, call, end })
        {
            refused.StatusCode.Should().Be(HttpStatusCode.Forbidden);
            (await refused.JsonAsync()).GetProperty("type").GetString().Should().Be(ProblemTypes.WrongUser);
        }

        (await owner.PostAsync(own, new StringContent("{\"type\":6}\u001e")).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.OK, "the owner goes on");
    }
}
