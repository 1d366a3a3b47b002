using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;
using Realtime.Contracts.Hub;
using Realtime.Server.EventStreams;
using Realtime.Server.Hubs;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Draining;

/// <summary>
/// The way out of a node that was told to stop. From the first moment it is not ready and takes no new connection. After a short
/// lead, in which a balancer sees that, its connections are released in random order and evenly over
/// <see cref="RealtimeOptions.DrainWindow"/>, so that the nodes that stay meet a trickle: each client is told a time of its own at
/// which to return, and whoever has not gone 2 s later is closed with leave to come back. REST goes on meanwhile. Thread-safe.
/// </summary>
internal sealed class Drain(
    HubConnections connections, IHubContext<AgentHub, IAgentClient> hub, IOptions<RealtimeOptions> options, TimeProvider time, Func<double> jitter,
    ServerMetrics metrics, ILogger<Drain> logger) : IDisposable
{
    /// <summary>What is left for requests under way and for the services to stop, after the window.</summary>
    internal static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(5);

    /// <summary>How long a client that was told may take to go by itself.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>How long what was closed last may take to be gone; then the sockets are cut.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan LongestLead = TimeSpan.FromSeconds(2);

    /// <summary>A client is told at most so long before its time, and is without a connection for no longer.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _hurry = new();
    private volatile Task? _run;

    /// <summary>Whether this node is going away; it never comes back.</summary>
    public bool HasBegun => _run is not null;

    /// <summary>Whether everybody has been released; whoever comes now has slipped through.</summary>
    public bool IsOver => _run is { IsCompleted: true };

    /// <summary>How long connections stay as they are: a tenth of the window, at most 2 s.</summary>
    internal static TimeSpan LeadOf(TimeSpan window) => window / 10 < LongestLead ? window / 10 : LongestLead;

    /// <summary>Begins at the first call; all calls wait for the same end. Never fails.</summary>
    public Task RunAsync()
    {
        lock (_lock) return _run ??= Task.Run(ReleaseAllAsync);
    }

    /// <summary>Ends a drain that has begun now: whoever is still here is closed at once.</summary>
    public void Hurry()
    {
        lock (_lock)
        {
            if (_run is not { IsCompleted: false } || _hurry.IsCancellationRequested) return;
        }

        ServerLog.DrainHurried(logger);
        _hurry.Cancel();
    }

    public void Dispose() => _hurry.Dispose();

    private async Task ReleaseAllAsync()
    {
        var window = options.Value.DrainWindow;
        if (window > TimeSpan.Zero && !connections.IsEmpty) await ReleaseAllAsync(window);

        // SignalR cuts its own when the host goes on; a stream is a request, which the host would wait for.
        foreach (var stream in connections.All.OfType<EventStreamConnection>()) Close(stream.Id);
    }

    private async Task ReleaseAllAsync(TimeSpan window)
    {
        ServerLog.Draining(logger, connections.All.Count, window);
        long begun = time.GetTimestamp();
        var schedule = new ReleaseSchedule(LeadOf(window), window, jitter);
        var told = new Queue<(string ConnectionId, TimeSpan CloseAt)>();
        int released = 0;
        int closed = 0;
        using var timer = new PeriodicTimer(Step, time);
        try
        {
            do
            {
                var now = time.GetElapsedTime(begun);
                if (now >= window + Patience + Farewell) break;
                schedule.Add(connections.All.Select(c => c.Id), now); // a handshake that was under way joins late
                while (schedule.TryTake(now + Step, out string? id, out var due))
                {
                    if (connections.Find(id) is null) continue; // has gone by itself
                    released++;
                    var wait = due > now ? due - now : TimeSpan.Zero;
                    _ = TellAsync(id, wait);
                    told.Enqueue((id, now + wait + Patience));
                }

                while (told.TryPeek(out var next) && next.CloseAt <= now)
                {
                    if (Close(told.Dequeue().ConnectionId)) closed++;
                }
            }
            while (!connections.IsEmpty && await timer.WaitForNextTickAsync(_hurry.Token));
        }
        catch (OperationCanceledException) when (_hurry.IsCancellationRequested)
        {
            foreach (var connection in connections.All) Close(connection.Id);
        }

        ServerLog.Drained(logger, time.GetElapsedTime(begun), released, closed, connections.All.Count);
    }

    private async Task TellAsync(string connectionId, TimeSpan wait)
    {
        try
        {
            metrics.Released();
            if (connections.Find(connectionId) is EventStreamConnection)
            {
                // It goes when its stream ends, so that has to be in time.
                await Task.Delay(wait, time, _hurry.Token);
                Close(connectionId);
                return;
            }

            await hub.Clients.Client(connectionId).ReceiveReconnect((int)wait.TotalMilliseconds);
        }
        catch (Exception fault)
        {
            // Nobody awaits this. One who cannot be told is closed like one who does not listen.
            ServerLog.ReleaseNotTold(logger, fault, connectionId);
        }
    }

    /// <returns>Whether it was still here.</returns>
    private bool Close(string connectionId)
    {
        if (connections.Find(connectionId) is not { } connection) return false;
        try
        {
            connection.RequestClose(time.GetUtcNow());
        }
        catch (Exception fault)
        {
            // One that cannot be closed must not keep the others here; it is cut at the end.
            ServerLog.ConnectionNotEnded(logger, fault, connection.Id, connection.UserId);
        }

        return true;
    }
}
