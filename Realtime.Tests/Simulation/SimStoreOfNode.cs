using Realtime.Client.Recovery;
using Realtime.Contracts;
using Realtime.Server.EventStore;

namespace Realtime.Tests.Simulation;

/// <summary>The store as the head check of a node reads it: each read is a moment of its own, and its answer comes later.</summary>
sealed class SimStoreOfNode(SimScheduler scheduler, SimRandom random, SimStore store) : IEventStore, IChangedStreams
{
    (StreamPosition Head, int Restores)? _lookedAt;

    /// <summary>Names a change once; after a fault, after a restore (it ends the connection over which was looked) and in another history it cannot tell.</summary>
    public async Task<ChangedStreams> LookAsync(CancellationToken cancellationToken)
    {
        var before = _lookedAt;
        _lookedAt = null;
        var (head, restores) = await ReadAsync(() => (store.Head, store.Restores));
        _lookedAt = (head, restores);
        if (before is not { } known || known.Restores != restores || !known.Head.IsSameHistoryAs(head)) return new ChangedStreams(head.Epoch, Heads: null);
        return new ChangedStreams(head.Epoch, known.Head == head ? new Dictionary<string, long>() : new Dictionary<string, long> { ["user"] = head.Sequence });
    }

    public Task<IReadOnlyDictionary<string, StreamPosition>> ReadHeadsAsync(IReadOnlyCollection<string> userIds, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyDictionary<string, StreamPosition>>(() => userIds.ToDictionary(user => user, _ => store.Head, StringComparer.Ordinal));

    public Task<StreamRead> ReadAfterAsync(string userId, StreamPosition after, DateTimeOffset? time, int limit, CancellationToken cancellationToken) =>
        ReadAsync<StreamRead>(() => store.Answer(new EventsQuestion { After = after, Time = time, Limit = limit }) switch
        {
            EventsAnswer.Page { Content: var page } => new StreamPage(page.Events, page.Next, page.Head, page.Oldest, page.Truncated),
            EventsAnswer.Lost lost => new StreamHistoryLost(lost.Reason, lost.Head, lost.Oldest),
            var other => throw new InvalidOperationException($"{other} is no answer."),
        });

    public Task InitializeAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<AppendOutcome>> AppendAsync(IReadOnlyList<AppendUnit> units, TimeSpan? lockWait, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<StreamPage> ReadSinceAsync(string userId, DateTimeOffset? since, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<StreamRead> ReadBeforeAsync(string userId, StreamPosition? before, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<DateTimeOffset> ReadClockAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<(string UserId, long UpTo)>> FindExpiredAsync(DateTimeOffset before, int maxUsers, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<int?> TrimAsync(string userId, long upTo, int maxEvents, CancellationToken cancellationToken) => throw new NotSupportedException();

    Task<T> ReadAsync<T>(Func<T> read)
    {
        var answer = new TaskCompletionSource<T>();
        scheduler.CheckThread();
        if (store.IsAway)
        {
            scheduler.Note(Happening.FailedHeadCheck);
            scheduler.In(random.Ms(0, 20), () => answer.SetException(new StoreUnavailableException("The store is away.")));
            return answer.Task;
        }

        var content = read();
        scheduler.In(random.Ms(0, 20), () => answer.SetResult(content));
        return answer.Task;
    }
}
