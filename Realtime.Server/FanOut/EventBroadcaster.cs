using System.Collections.Concurrent;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;
using Realtime.Contracts;
using Realtime.Contracts.Hub;
using Realtime.Server.Hubs;
using Realtime.Server.Telemetry;

namespace Realtime.Server.FanOut;

/// <summary>
/// Pushes committed events to their user's group, in order per user, users side by side. Nobody waits for it, and a failed
/// push fails nothing: the event is stored. A user's queue is bounded, and so is the data of all queues together; what does
/// not fit is not pushed, and the group gets the head afterwards, so that its clients fetch. A small group that has nothing
/// waiting is pushed to at once where the backplane allows it: a thread for every event costs more than the push. Thread-safe.
/// </summary>
internal sealed class EventBroadcaster(
    IHubContext<AgentHub, IAgentClient> hub, IOptions<RealtimeOptions> options, ServerMetrics metrics, ILogger<EventBroadcaster> logger, ShardLifetimeManager? shards = null)
{
    /// <summary>Most bytes of data that wait to be pushed, all users together.</summary>
    internal const long MaxWaitingBytes = 64 * 1024 * 1024;

    private readonly ConcurrentDictionary<string, UserQueue> _queues = new(StringComparer.Ordinal);
    private long _waitingBytes;

    /// <summary>Pushes or queues one committed event. Returns at once.</summary>
    public void Enqueue(string userId, AgentEventEnvelope envelope)
    {
        if (shards is not null && !_queues.ContainsKey(userId) && TryPushAtOnce(userId, envelope)) return;
        while (true)
        {
            var queue = _queues.GetOrAdd(userId, static _ => new UserQueue());
            lock (queue)
            {
                if (queue.IsClosed) continue; // its loop has just ended: take a new one
                queue.Raise(envelope.Position);
                if (queue.Waiting.Count < options.Value.FanOutQueueCapacity && Interlocked.Read(ref _waitingBytes) < MaxWaitingBytes)
                {
                    queue.Waiting.Enqueue((envelope, metrics.Now), envelope.Position.Sequence);
                    Interlocked.Add(ref _waitingBytes, envelope.Data.Utf8.Length);
                }
                else
                {
                    if (!queue.IsBehind) ServerLog.FanOutOverflow(logger, userId);
                    queue.IsBehind = true;
                    metrics.FanOutOverflow();
                }

                if (queue.IsRunning) return;
                queue.IsRunning = true;
            }

            _ = Task.Run(() => DrainAsync(userId, queue));
            return;
        }
    }

    /// <summary>Has events that follow one another reach the other nodes together, until the answer is disposed of.</summary>
    public IDisposable? Hold() => shards?.Hold();

    private bool TryPushAtOnce(string userId, AgentEventEnvelope envelope)
    {
        long began = metrics.Now;
        try
        {
            if (!shards!.TryPushAtOnce(UserId.GroupOf(userId), envelope)) return false;
            metrics.Pushed(began, envelope.Time);
        }
        catch (Exception fault)
        {
            metrics.PushFailed();
            ServerLog.PushFailed(logger, fault, userId);
        }

        return true;
    }

    private async Task DrainAsync(string userId, UserQueue queue)
    {
        while (true)
        {
            AgentEventEnvelope? next = null;
            long began = 0;
            StreamPosition? head = null;
            lock (queue)
            {
                if (queue.Waiting.TryDequeue(out var waited, out _))
                {
                    (next, began) = waited;
                    Interlocked.Add(ref _waitingBytes, -next.Data.Utf8.Length);
                }
                else
                {
                    if (!queue.IsBehind)
                    {
                        queue.IsClosed = true;
                        _queues.TryRemove(new(userId, queue));
                        return;
                    }

                    queue.IsBehind = false;
                    head = queue.Highest;
                }
            }

            using var span = next is null ? null : ServerTracing.StartPush(next, PushPath.Publish);
            try
            {
                var group = hub.Clients.Group(UserId.GroupOf(userId));
                if (next is not null) await group.ReceiveEvent(next);
                else await group.ReceiveHead(head!.Value);
                if (next is not null) metrics.Pushed(began, next.Time);
            }
            catch (Exception fault)
            {
                ServerTracing.Failed(span, fault);
                // Whatever the backplane throws, the event is stored and a head tells of it later.
                metrics.PushFailed();
                ServerLog.PushFailed(logger, fault, userId);
            }
        }
    }

    private sealed class UserQueue
    {
        /// <summary>By sequence: a brake's change and an array of several users are committed beside the append loop, and may arrive here late.</summary>
        public PriorityQueue<(AgentEventEnvelope Envelope, long Since), long> Waiting { get; } = new();

        /// <summary>Newest position queued or dropped; a repeated push of an older event does not lower it.</summary>
        public StreamPosition Highest { get; private set; }

        public bool IsBehind { get; set; }

        public bool IsRunning { get; set; }

        public bool IsClosed { get; set; }

        public void Raise(StreamPosition position)
        {
            if (!position.IsSameHistoryAs(Highest) || position.Sequence > Highest.Sequence) Highest = position;
        }
    }
}
