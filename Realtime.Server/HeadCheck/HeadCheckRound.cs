using System.Collections.Concurrent;
using Realtime.Contracts;
using Realtime.Contracts.Hub;
using Realtime.Server.EventStore;
using Realtime.Server.FanOut;
using Realtime.Server.Telemetry;

namespace Realtime.Server.HeadCheck;

/// <summary>
/// One round of the head check: asks which streams have changed, reads the heads of those that are connected here and were not
/// pushed so far; what is missing is read once per user and pushed to all of the user's connections, or, when it is much, announced.
/// </summary>
/// <remarks>
/// Cost: one query per round and what has changed since the last; per user that is behind, a head and a read. When the store cannot tell
/// what has changed (the embedded one never can), and once in five minutes all the same: one query per 1,000 connected users.
/// </remarks>
/// <param name="pushes">The connections of this node.</param>
/// <param name="store">The streams.</param>
/// <param name="changes">Tells which streams have changed; <see langword="null"/>: heads of all users connected here are read.</param>
/// <param name="isBackplaneAway">Whether nobody else pushes: then there is nothing to be patient for.</param>
/// <param name="time">For the patience with pushes that are on their way.</param>
/// <param name="repaired">Told how many events were pushed.</param>
/// <param name="logger">For faults: a round never throws them.</param>
/// <param name="metrics">Told how long the store took, and who is behind.</param>
internal sealed class HeadCheckRound(
    ILocalPushes pushes, IEventStore store, IChangedStreams? changes, Func<bool> isBackplaneAway, TimeProvider time, Action<int> repaired, ILogger logger, ServerMetrics? metrics = null)
{
    private const int MaxUsersPerRead = 1_000;
    private const int MaxRepairs = 4;
    private const int FailuresBeforeDoubt = 8;

    /// <summary>Rounds from one comparison of all users to the next: nothing is known that needs it.</summary>
    private const int RoundsBetweenAll = 200;

    /// <summary>Whose streams have changed, until they are known to be pushed: a look names each change once.</summary>
    private readonly HashSet<string> _suspects = new(StringComparer.Ordinal);

    private bool _wasStoreAway;
    private int _rounds;

    /// <summary>Checks all users, one call at a time.</summary>
    /// <param name="cancellationToken">Ends the round.</param>
    public async Task CheckAllAsync(CancellationToken cancellationToken)
    {
        long began = metrics?.Now ?? 0;
        try
        {
            // The look comes before the heads: what it names is in them.
            await LookAsync(cancellationToken);
            var behind = await FindBehindAsync(_suspects, mayBeAnotherDay: _wasStoreAway, cancellationToken);
            metrics?.HeadsChecked(began, hasFailed: false);
            _wasStoreAway = false;
            _suspects.Clear();
            _suspects.UnionWith(behind.Select(b => b.Group.Name));
            if (behind.Count == 0)
            {
                metrics?.Behind(streams: 0, events: 0);
                return;
            }

            if (!isBackplaneAway())
            {
                // Most of these pushes are only on their way.
                await Task.Delay(HeadJudgement.PushPatience, time, cancellationToken);
                behind.RemoveAll(b => !HeadJudgement.IsBehind(b.Group.Pushed, b.Head));
            }

            metrics?.Behind(behind.Count, behind.Sum(b => HeadJudgement.Lag(b.Group.Pushed, b.Head)));
            await RepairAsync(behind, cancellationToken);

            // Who could not be read stays suspect.
            _suspects.Clear();
            _suspects.UnionWith(behind.Where(b => HeadJudgement.IsBehind(b.Group.Pushed, b.Head)).Select(b => b.Group.Name));
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            _wasStoreAway = true;
            metrics?.HeadsChecked(began, hasFailed: true);
            ServerLog.HeadCheckFailed(logger, fault); // next time
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var changed = changes is null ? null : await changes.LookAsync(cancellationToken);
        if (changed?.Fault is { } fault) ServerLog.LookFailed(logger, fault);
        if (changed?.Heads is not { } heads || _wasStoreAway || ++_rounds % RoundsBetweenAll == 0)
        {
            _suspects.UnionWith(pushes.Names);
            return;
        }

        foreach (var (user, sequence) in heads)
        {
            string name = UserId.GroupOf(user);
            if (pushes.Find(name) is { } group && HeadJudgement.IsBehind(group.Pushed, new StreamPosition(changed.Epoch, sequence))) _suspects.Add(name);
        }

        _suspects.UnionWith(pushes.Unknown);
    }

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

    private async Task<List<(LocalGroup Group, StreamPosition Head)>> FindBehindAsync(
        IEnumerable<string> names, bool mayBeAnotherDay, CancellationToken cancellationToken)
    {
        var behind = new List<(LocalGroup, StreamPosition)>();
        foreach (string[] batch in names.Where(UserId.IsGroup).Chunk(MaxUsersPerRead))
        {
            var pushedBefore = Array.ConvertAll(batch, name => pushes.Find(name)?.Pushed);
            var heads = await store.ReadHeadsAsync([.. batch.Select(UserId.OfGroup)], cancellationToken);
            for (int i = 0; i < batch.Length; i++)
            {
                if (pushes.Find(batch[i]) is not { } group) continue;
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
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var waiting = new ConcurrentQueue<(LocalGroup Group, StreamPosition Head)>(behind);
        var fetching = new ConcurrentQueue<LocalGroup>();
        int failures = 0;
        await Task.WhenAll(Enumerable.Range(0, Math.Min(MaxRepairs, behind.Count)).Select(_ => RepairInTurnAsync()));
        await AnnounceAsync([.. fetching], cancellationToken);

        async Task RepairInTurnAsync()
        {
            while (!stop.IsCancellationRequested && waiting.TryDequeue(out var next))
            {
                try
                {
                    if (!await TryPushAsync(next.Group, next.Head, stop.Token)) fetching.Enqueue(next.Group);
                }
                catch (Exception fault) when (!stop.IsCancellationRequested)
                {
                    // One stream that cannot be read must not end the round for the others; a store that is away does.
                    ServerLog.RepairFailed(logger, fault, UserId.OfGroup(next.Group.Name));
                    if (Interlocked.Increment(ref failures) % FailuresBeforeDoubt == 0) await AssureAsync();
                }
            }
        }

        async Task AssureAsync()
        {
            try
            {
                await store.ReadHeadsAsync([], stop.Token);
            }
            catch
            {
                await stop.CancelAsync();
                throw;
            }
        }
    }

    /// <returns>Whether the missing events were pushed. Without a beginning (nobody's head could be read yet), in another history, or far behind: the clients fetch.</returns>
    private async Task<bool> TryPushAsync(LocalGroup group, StreamPosition head, CancellationToken cancellationToken)
    {
        if (HeadJudgement.PushFrom(group.Pushed, head) is not { } pushed) return false;
        var read = await store.ReadAfterAsync(UserId.OfGroup(group.Name), pushed, time: null, HeadJudgement.MaxPushed, cancellationToken);
        if (read is not StreamPage { HasMore: false, IsTruncated: false } page) return false;

        foreach (var missing in page.Events)
        {
            using var span = ServerTracing.StartPush(missing, PushPath.HeadCheck);
            pushes.SendLocal(group, nameof(IAgentClient.ReceiveEvent), missing);
            metrics?.Delivered(PushPath.HeadCheck, missing.Time);
        }

        repaired(page.Events.Count); // each has moved the progress as it was sent
        return true;
    }

    /// <summary>Tells the heads as they are now: those that showed who is behind are old already, and may be of a history that was renewed since.</summary>
    private async Task AnnounceAsync(LocalGroup[] behind, CancellationToken cancellationToken)
    {
        foreach (var batch in behind.Chunk(MaxUsersPerRead))
        {
            var heads = await store.ReadHeadsAsync([.. batch.Select(g => UserId.OfGroup(g.Name))], cancellationToken);
            foreach (var group in batch) pushes.Announce(group, heads[UserId.OfGroup(group.Name)]);
        }
    }
}
