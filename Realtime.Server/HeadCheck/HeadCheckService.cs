using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Realtime.Contracts;
using Realtime.Contracts.Hub;
using Realtime.Server.EventStore;
using Realtime.Server.FanOut;
using Realtime.Server.Telemetry;

namespace Realtime.Server.HeadCheck;

/// <summary>
/// Finds what was committed and not pushed here: a lost last event, a node that went deaf without noticing on a stream that
/// never goes quiet, an append made in SQL, and everything while Redis is away. Reads the heads of the users connected here in
/// batches; what is missing is read once per user and pushed to all of the user's connections, or, when it is much, announced.
/// </summary>
/// <remarks>Cost: one query per 1,000 connected users and interval, by primary key, and one per user that is behind.</remarks>
internal sealed class HeadCheckService(
    LocalGroups groups, ShardLifetimeManager manager, IEventStore store, IServiceProvider services,
    IOptions<RealtimeOptions> options, TimeProvider time, ServerMetrics metrics, ILogger<HeadCheckService> logger) : BackgroundService
{
    private static readonly TimeSpan IntervalWhileAway = TimeSpan.FromMilliseconds(500);
    private const int MaxUsersPerRead = 1_000;
    private const int MaxRepairs = 4;
    private const int FailuresBeforeDoubt = 8;

    private readonly RedisShards? _redis = services.GetService<RedisShards>();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private bool _wasStoreAway;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_redis is not null) _redis.Changed += Wake;
        try
        {
            while (true)
            {
                await WaitAsync(IsAway ? IntervalWhileAway : options.Value.HeadCheckInterval, stoppingToken);
                await CheckAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
        finally
        {
            if (_redis is not null) _redis.Changed -= Wake;
        }
    }

    private bool IsAway => _redis?.IsAway == true;

    /// <summary>Has all users checked without waiting for the interval to end. Returns at once.</summary>
    public void CheckSoon() => Wake(sender: null, EventArgs.Empty);

    /// <summary>
    /// Checks some users now, and without patience: they are said to have something that nobody else pushes. A push that is
    /// on its way all the same arrives twice, which clients drop. A fault is logged; the next check of all finds what is missing.
    /// </summary>
    /// <param name="names">Their groups.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    public async Task CheckNowAsync(IEnumerable<string> names, CancellationToken cancellationToken)
    {
        try
        {
            await RepairAsync(await FindBehindAsync(names, mayBeAnotherDay: false, cancellationToken), cancellationToken);
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            ServerLog.HeadCheckFailed(logger, fault);
        }
    }

    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            var behind = await FindBehindAsync(groups.Names, mayBeAnotherDay: _wasStoreAway, cancellationToken);
            _wasStoreAway = false;
            if (behind.Count == 0) return;
            if (!IsAway)
            {
                // Most of these pushes are only on their way.
                await Task.Delay(HeadJudgement.PushPatience, time, cancellationToken);
                behind.RemoveAll(b => !HeadJudgement.IsBehind(b.Group.Pushed, b.Head));
            }

            await RepairAsync(behind, cancellationToken);
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            _wasStoreAway = true;
            ServerLog.HeadCheckFailed(logger, fault); // next time
        }
    }

    private async Task<List<(LocalGroup Group, StreamPosition Head)>> FindBehindAsync(
        IEnumerable<string> names, bool mayBeAnotherDay, CancellationToken cancellationToken)
    {
        var behind = new List<(LocalGroup, StreamPosition)>();
        foreach (string[] batch in names.Where(UserId.IsGroup).Chunk(MaxUsersPerRead))
        {
            var pushedBefore = Array.ConvertAll(batch, name => groups.Find(name)?.Pushed);
            var heads = await store.ReadHeadsAsync([.. batch.Select(UserId.OfGroup)], cancellationToken);
            for (int i = 0; i < batch.Length; i++)
            {
                if (groups.Find(batch[i]) is not { } group) continue;
                var head = heads[UserId.OfGroup(batch[i])];

                // A store that was away may return with an earlier day, whose new events have the numbers of those that were pushed.
                if (mayBeAnotherDay || HeadJudgement.IsRewritten(pushedBefore[i], head)) group.Forget();
                if (HeadJudgement.IsBehind(group.Pushed, head)) behind.Add((group, head));
            }
        }

        return behind;
    }

    /// <summary>Several at a time: while Redis is away this is the delivery, one read for each user who has something new.</summary>
    private async Task RepairAsync(List<(LocalGroup Group, StreamPosition Head)> behind, CancellationToken cancellationToken)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = MaxRepairs, CancellationToken = cancellationToken };
        var fetching = new ConcurrentQueue<LocalGroup>();
        int failures = 0;
        await Parallel.ForEachAsync(behind, parallel, async (b, stop) =>
        {
            try
            {
                if (!await TryPushAsync(b.Group, b.Head, stop)) fetching.Enqueue(b.Group);
            }
            catch (Exception fault) when (!stop.IsCancellationRequested)
            {
                // One stream that cannot be read must not end the round for the others; a store that is away does.
                ServerLog.RepairFailed(logger, fault, UserId.OfGroup(b.Group.Name));
                if (Interlocked.Increment(ref failures) % FailuresBeforeDoubt == 0) await store.ReadHeadsAsync([], stop);
            }
        });
        await AnnounceAsync([.. fetching], cancellationToken);
    }

    /// <returns>Whether the missing events were pushed. Without a beginning (nobody's head could be read yet), in another history, or far behind: the clients fetch.</returns>
    private async Task<bool> TryPushAsync(LocalGroup group, StreamPosition head, CancellationToken cancellationToken)
    {
        if (HeadJudgement.PushFrom(group.Pushed, head) is not { } pushed) return false;
        var read = await store.ReadAfterAsync(UserId.OfGroup(group.Name), pushed, time: null, HeadJudgement.MaxPushed, cancellationToken);
        if (read is not StreamPage { HasMore: false, IsTruncated: false } page) return false;

        foreach (var missing in page.Events) manager.SendLocal(group, nameof(IAgentClient.ReceiveEvent), missing);
        metrics.Repaired(page.Events.Count); // each has moved the progress as it was sent
        return true;
    }

    /// <summary>Tells the heads as they are now: those that showed who is behind are old already, and may be of a history that was renewed since.</summary>
    private async Task AnnounceAsync(LocalGroup[] behind, CancellationToken cancellationToken)
    {
        foreach (var batch in behind.Chunk(MaxUsersPerRead))
        {
            var heads = await store.ReadHeadsAsync([.. batch.Select(g => UserId.OfGroup(g.Name))], cancellationToken);
            foreach (var group in batch) manager.Announce(group, heads[UserId.OfGroup(group.Name)]);
        }
    }

    private void Wake(object? sender, EventArgs e)
    {
        lock (_wake)
        {
            if (_wake.CurrentCount == 0) _wake.Release();
        }
    }

    private async Task WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(_wake.WaitAsync(stop.Token), Task.Delay(limit, time, stop.Token));
        await stop.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }
}
