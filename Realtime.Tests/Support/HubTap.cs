using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Realtime.Contracts;

namespace Realtime.Tests.Support;

/// <summary>A plain SignalR connection that writes down what the hub sends: what any other client of the contract would see.</summary>
sealed class HubTap : IAsyncDisposable
{
    /// <summary>Of a store that answered too late, the head comes with the next head check, which may run once a minute.</summary>
    static readonly TimeSpan HeadPatience = TimeSpan.FromSeconds(90);

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

    /// <summary>In the order of their arrival. The head check may push again what is on its way, so a sequence may come twice.</summary>
    internal IEnumerable<long> Sequences => _events.Select(e => StreamPosition.Parse(e.GetProperty("position").GetString()!).Sequence);

    /// <summary>
    /// Connects without negotiation, passes the barrier and waits for the head that is told on joining: what is pushed from now on
    /// arrives, and the head check pushes what nobody else did, instead of telling a first head that covers it.
    /// </summary>
    internal static async Task<HubTap> ConnectAsync(Uri server, string user, string token, Action<IHubConnectionBuilder>? configure = null)
    {
        var tap = await ConnectWithoutBarrierAsync(server, user, token, configure);
        await Eventually.Async("the barrier is passed", tap.TryPassBarrierAsync);
        await Eventually.Async("the head is told on joining", () => !tap._heads.IsEmpty, HeadPatience);
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

    /// <summary>Waits for so many different events; one that comes twice counts once.</summary>
    internal Task WaitForEventsAsync(int count, TimeSpan? deadline = null) =>
        Eventually.Async($"{count} events have arrived", () => Sequences.Distinct().Count() >= count, deadline);

    public ValueTask DisposeAsync() => Connection.DisposeAsync();

    /// <summary>A busy store may take longer than the barrier waits; the contract says to ask again.</summary>
    async Task<bool> TryPassBarrierAsync()
    {
        try
        {
            await HeadAsync();
            return true;
        }
        catch (HubException fault) when (fault.Message.Contains(HubErrors.StoreUnavailable, StringComparison.Ordinal))
        {
            return false;
        }
    }
}
