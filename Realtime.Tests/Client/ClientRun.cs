using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Client;

/// <summary>A client with quick retries, and what its application saw.</summary>
sealed class ClientRun : IAsyncDisposable
{
    readonly ConcurrentQueue<AgentEvent> _seen = new();
    readonly ConcurrentQueue<ConnectionStatus> _states = new();
    readonly ConcurrentQueue<HistoryLostEventArgs> _losses = new();
    readonly ConcurrentQueue<EventParkedEventArgs> _parked = new();
    int _caughtUp;

    ClientRun(AgentEventsClient client, LogLines logs)
    {
        Client = client;
        Logs = logs;
        client.StateChanged += (_, change) => _states.Enqueue(change.Current);
        client.CaughtUp += (_, _) => Interlocked.Increment(ref _caughtUp);
        client.HistoryLost += (_, lost) => _losses.Enqueue(lost);
        client.EventParked += (_, parked) => _parked.Enqueue(parked);
    }

    internal AgentEventsClient Client { get; }

    internal LogLines Logs { get; }

    internal IReadOnlyList<AgentEvent> Seen => [.. _seen];

    internal IReadOnlyList<long> Sequences => [.. _seen.Select(e => e.Position.Sequence)];

    internal IReadOnlyList<ConnectionStatus> States => [.. _states];

    internal IReadOnlyList<HistoryLostEventArgs> Losses => [.. _losses];

    internal IReadOnlyList<EventParkedEventArgs> Parked => [.. _parked];

    internal int TimesCaughtUp => Volatile.Read(ref _caughtUp);

    internal static AgentEventsClientOptions Options(Uri server) => new()
    {
        ServerUrl = server,
        UserId = "user_1",
        AccessTokenProvider = _ => new ValueTask<string>("token"),
        RetryPolicy = new QuickRetry(),
        Jitter = () => 0.99,
    };

    /// <summary>Makes a client that writes down every event, without starting it.</summary>
    internal static ClientRun Create(Uri server, Action<AgentEventsClientOptions>? configure = null, Func<AgentEvent, Task>? handler = null)
    {
        var logs = new LogLines();
        var options = Options(server);
        options.LoggerFactory = LoggerFactory.Create(b => b.AddProvider(logs).SetMinimumLevel(LogLevel.Trace));
        configure?.Invoke(options);
        var run = new ClientRun(new AgentEventsClient(options), logs);
        run.Client.On(async (e, _) =>
        {
            if (handler is not null) await handler(e);
            run._seen.Enqueue(e);
        });
        return run;
    }

    internal static async Task<ClientRun> StartAsync(Uri server, Action<AgentEventsClientOptions>? configure = null, Func<AgentEvent, Task>? handler = null)
    {
        var run = Create(server, configure, handler);
        await run.Client.StartAsync().WithinDeadline();
        return run;
    }

    /// <summary>Starts and waits until it is caught up.</summary>
    internal static async Task<ClientRun> LiveAsync(Uri server, Action<AgentEventsClientOptions>? configure = null, Func<AgentEvent, Task>? handler = null)
    {
        var run = await StartAsync(server, configure, handler);
        await run.UntilLiveAsync();
        return run;
    }

    internal Task UntilLiveAsync(int times = 1) => Eventually.Async($"the client has caught up {times} time(s)", () => TimesCaughtUp >= times);

    internal Task UntilSeenAsync(int count) => Eventually.Async($"the application has seen {count} event(s)", () => _seen.Count >= count);

    public ValueTask DisposeAsync() => Client.DisposeAsync();
}

/// <summary>20 ms, always.</summary>
sealed class QuickRetry : Microsoft.AspNetCore.SignalR.Client.IRetryPolicy
{
    public TimeSpan? NextRetryDelay(Microsoft.AspNetCore.SignalR.Client.RetryContext retryContext) => TimeSpan.FromMilliseconds(20);
}
