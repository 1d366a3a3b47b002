using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Realtime.Contracts;

namespace Realtime.Tests.Support;

/// <summary>A plain SignalR connection that writes down what the hub sends: what any other client of the contract would see.</summary>
sealed class HubTap : IAsyncDisposable
{
    readonly ConcurrentQueue<JsonElement> _events = new();
    readonly ConcurrentQueue<string> _heads = new();

    HubTap(HubConnection connection)
    {
        Connection = connection;
        connection.On<JsonElement>("ReceiveEvent", e => _events.Enqueue(e.Clone()));
        connection.On<string>("ReceiveHead", _heads.Enqueue);
    }

    internal HubConnection Connection { get; }

    internal IReadOnlyList<JsonElement> Events => [.. _events];

    internal IReadOnlyList<string> Heads => [.. _heads];

    internal IEnumerable<long> Sequences => _events.Select(e => StreamPosition.Parse(e.GetProperty("position").GetString()!).Sequence);

    /// <summary>Connects without negotiation and passes the barrier, so that what is pushed from now on arrives.</summary>
    internal static async Task<HubTap> ConnectAsync(Uri server, string user, string token, Action<IHubConnectionBuilder>? configure = null)
    {
        var tap = await ConnectWithoutBarrierAsync(server, user, token, configure);
        await tap.HeadAsync();
        return tap;
    }

    /// <summary>Connects and asks for nothing: it sees only what the server sends by itself.</summary>
    internal static async Task<HubTap> ConnectWithoutBarrierAsync(Uri server, string user, string token, Action<IHubConnectionBuilder>? configure = null)
    {
        var builder = new HubConnectionBuilder().WithUrl(new Uri(server, Routes.HubFor(user)), o =>
        {
            o.AccessTokenProvider = () => Task.FromResult<string?>(token);
            o.SkipNegotiation = true;
            o.Transports = HttpTransportType.WebSockets;
        });
        configure?.Invoke(builder);
        var tap = new HubTap(builder.Build());
        await tap.Connection.StartAsync().WithinDeadline();
        return tap;
    }

    internal Task<string> HeadAsync() => Connection.InvokeAsync<string>("GetHead").WithinDeadline();

    internal Task WaitForEventsAsync(int count) =>
        Eventually.Async($"{count} events have arrived", () => _events.Count >= count);

    public ValueTask DisposeAsync() => Connection.DisposeAsync();
}
