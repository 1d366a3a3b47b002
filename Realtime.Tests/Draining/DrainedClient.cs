using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.SignalR.Client;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Draining;

/// <summary>One that is connected to a node that goes away, and what became of it.</summary>
abstract class DrainedClient(string user) : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    internal string User => user;

    /// <summary>Milliseconds, one entry for each time that it was asked.</summary>
    internal abstract IReadOnlyList<int> AskedToReturnAfter { get; }

    /// <summary>Sequences in the order in which the application saw them.</summary>
    internal abstract IReadOnlyList<long> Seen { get; }

    /// <summary>Returns when it is connected and knows where it begins.</summary>
    internal abstract Task StartAsync();

    internal Task HasSeenAsync(long sequence) => Eventually.Async($"{this} has seen {sequence}", () => Seen.Count > 0 && Seen[^1] >= sequence, Patience);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{GetType().Name} of {user}, at {(Seen.Count == 0 ? 0 : Seen[^1])}");

    public abstract ValueTask DisposeAsync();
}

/// <summary>The client package.</summary>
sealed class OurClient : DrainedClient
{
    readonly AgentEventsClient _client;
    readonly ConcurrentQueue<int> _asked = new();
    readonly ConcurrentQueue<long> _seen = new();
    readonly TaskCompletionSource _caughtUp = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal OurClient(Uri server, string user, TestTokens tokens)
        : base(user)
    {
        _client = new(new() { ServerUrl = server, UserId = user, AccessTokenProvider = _ => new(tokens.Create(user)), CursorStore = new InMemoryCursorStore() });
        _client.CaughtUp += (_, _) => _caughtUp.TrySetResult();
        _client.StateChanged += (_, change) =>
        {
            if (change.Current is { State: ConnectionState.Reconnecting, Reason: "the server is going away", NextAttemptAt: { } next })
                _asked.Enqueue((int)Math.Round((next - change.Current.Since).TotalMilliseconds));
        };
        _client.On((e, _) =>
        {
            _seen.Enqueue(e.Position.Sequence);
            return Task.CompletedTask;
        });
    }

    internal override IReadOnlyList<int> AskedToReturnAfter => [.. _asked];

    internal override IReadOnlyList<long> Seen => [.. _seen];

    internal override async Task StartAsync()
    {
        await _client.StartAsync();
        await _caughtUp.Task;
    }

    public override ValueTask DisposeAsync() => _client.DisposeAsync();
}

/// <summary>
/// SignalR's own client, which does nothing when it is asked to go: it comes back because it was closed with leave to, and its
/// application fetches what it missed, which is what the contract lets anybody do.
/// </summary>
sealed class PlainClient : DrainedClient
{
    readonly HubConnection _connection;
    readonly HttpClient _http;
    readonly TestTokens _tokens;
    readonly ConcurrentQueue<int> _asked = new();
    readonly List<long> _seen = [];
    readonly SemaphoreSlim _one = new(1, 1);
    readonly ConcurrentQueue<Exception> _faults = new();
    string _epoch = string.Empty;

    internal PlainClient(Uri server, string user, TestTokens tokens)
        : base(user)
    {
        _tokens = tokens;
        _http = new() { BaseAddress = server };
        _connection = new HubConnectionBuilder()
            .WithUrl(new Uri(server, Routes.HubFor(user)), o =>
            {
                o.AccessTokenProvider = () => Task.FromResult<string?>(tokens.Create(user));
                o.SkipNegotiation = true;
                o.Transports = Microsoft.AspNetCore.Http.Connections.HttpTransportType.WebSockets;
            })
            .WithAutomaticReconnect([.. Enumerable.Repeat(TimeSpan.FromMilliseconds(200), 50)])
            .Build();
        _connection.On<int>("ReceiveReconnect", _asked.Enqueue);
        _connection.On<JsonElement>("ReceiveEvent", _ => CatchUpAsync());
        _connection.On<string>("ReceiveHead", _ => CatchUpAsync());
    }

    internal override IReadOnlyList<int> AskedToReturnAfter => [.. _asked];

    internal override IReadOnlyList<long> Seen
    {
        get
        {
            if (_faults.TryPeek(out var fault)) throw new AssertionException($"Reading failed: {fault}");
            lock (_seen) return [.. _seen];
        }
    }

    internal override async Task StartAsync()
    {
        await _connection.StartAsync();
        await _connection.InvokeAsync<string>("GetHead");
    }

    public override async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        _http.Dispose();
        _one.Dispose();
    }

    async Task CatchUpAsync()
    {
        await _one.WaitAsync();
        try
        {
            long last;
            lock (_seen) last = _seen.Count == 0 ? 0 : _seen[^1];
            using var request = new HttpRequestMessage(HttpMethod.Get, last == 0 ? Routes.Events : $"{Routes.Events}?after={_epoch}.{last}");
            request.Headers.Authorization = new("Bearer", _tokens.Create(User));
            using var answer = await _http.SendAsync(request);
            foreach (var e in (await answer.EnsureSuccessStatusCode().JsonAsync()).GetProperty("events").EnumerateArray())
            {
                string position = e.GetProperty("position").GetString()!;
                _epoch = position.Split('.')[0];
                lock (_seen) _seen.Add(StreamPosition.Parse(position).Sequence);
            }
        }
        catch (HttpRequestException)
        {
            // The node has just gone; the next event or head asks again.
        }
        catch (Exception fault)
        {
            _faults.Enqueue(fault);
        }
        finally
        {
            _one.Release();
        }
    }
}
