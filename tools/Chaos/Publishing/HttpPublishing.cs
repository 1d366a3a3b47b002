using Realtime.Chaos.Cluster;
using Realtime.Chaos.Records;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Rest;

namespace Realtime.Chaos.Publishing;

/// <summary>
/// Workers that publish through the servers, one event or a few at a time, and try again under the same ids, at either node,
/// until they know that the events are stored.
/// </summary>
sealed class HttpPublishing(ChaosCluster cluster, UserChoice users, Ledger ledger)
{
    const int Workers = 24;
    const int OneBatchIn = 10;
    const int LargestBatch = 8;

    /// <summary>Events per second that <see cref="RunAsync"/> aims at on average, a batch counted by its size.</summary>
    internal const double EventsPerPublish = 1 + (1.0 / OneBatchIn) * ((LargestBatch + 2) / 2.0 - 1);

    /// <summary>Publishes until <paramref name="ending"/>; what is under way then is finished until <paramref name="ct"/>.</summary>
    internal Task RunAsync(double eventsPerSecond, CancellationToken ending, CancellationToken ct)
    {
        var pause = TimeSpan.FromSeconds(Workers * EventsPerPublish / eventsPerSecond);
        return Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => WorkAsync(worker, pause, ending, ct)));
    }

    async Task WorkAsync(int worker, TimeSpan pause, CancellationToken ending, CancellationToken ct)
    {
        var publishers = cluster.Nodes.Select(Publisher).ToList();
        try
        {
            using var timer = new PeriodicTimer(pause);
            while (await TickAsync(timer, ending))
            {
                var count = Random.Shared.Next(OneBatchIn) == 0 ? Random.Shared.Next(2, LargestBatch + 1) : 1;
                await PublishAsync(publishers, worker, [.. users.Next(count).Select(user => EventMaker.Make(user))], ct);
            }
        }
        finally
        {
            publishers.ForEach(p => p.Dispose());
        }
    }

    async Task PublishAsync(IReadOnlyList<AgentEventsPublisher> publishers, int first, IReadOnlyList<NewEvent> events, CancellationToken ct)
    {
        var sentAt = Clock.Micros;
        IReadOnlyList<PublishRequest> requests = [.. events.Select(e => new PublishRequest { UserId = e.User, Type = e.Type, Id = e.Id, Data = e.Data })];
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                var publisher = publishers[(first + attempt) % publishers.Count];
                var receipts = events.Count == 1 ? [await publisher.PublishAsync(requests[0], ct)] : await publisher.PublishAsync(requests, ct);
                var now = Clock.Micros;
                for (var i = 0; i < events.Count; i++)
                    ledger.Acknowledge(new(events[i].User, events[i].Id, events[i].Hash, receipts[i].Position, sentAt, now));
                return;
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                ledger.GaveUp(events.Count);
                return;
            }
            catch (PublishRejectedException refused)
            {
                ledger.Refused(refused.Message);
                return;
            }
            catch (Exception)
            {
                // 503, a timeout, a cut: stored or not. The same ids at the other node will tell.
                ledger.Retried();
            }
        }
    }

    AgentEventsPublisher Publisher(ChaosNode node) => new(new()
    {
        ServerUrl = new Uri($"http://{node.Front.Endpoint}"),
        AccessTokenProvider = _ => new(ChaosTokens.Create(cluster.Secret, "worker", ChaosTokens.PublishersLife, Scopes.Publish)),
        MaxAttempts = 2,
    });

    static async Task<bool> TickAsync(PeriodicTimer timer, CancellationToken ending)
    {
        try
        {
            return await timer.WaitForNextTickAsync(ending);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
