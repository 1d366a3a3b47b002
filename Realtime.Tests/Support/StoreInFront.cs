using Realtime.Contracts;
using Realtime.Server.EventStore;

namespace Realtime.Tests.Support;

/// <summary>The store that the server sees, in front of a real one: a test may do something around its reads. Thread-safe.</summary>
sealed class StoreInFront(IEventStore store) : IEventStore
{
    /// <summary>Runs before a stream is read; what it throws is what the read throws.</summary>
    internal Action<string> BeforeReadAfter { get; set; } = static _ => { };

    /// <summary>Runs when heads have been read, before the reader gets them.</summary>
    internal Func<IReadOnlyDictionary<string, StreamPosition>, Task> AfterReadHeads { get; set; } = static _ => Task.CompletedTask;

    public int ConcurrentAppends => store.ConcurrentAppends;

    public Task InitializeAsync(CancellationToken cancellationToken) => store.InitializeAsync(cancellationToken);

    public Task<IReadOnlyList<AppendOutcome>> AppendAsync(IReadOnlyList<AppendUnit> units, TimeSpan? lockWait, CancellationToken cancellationToken) =>
        store.AppendAsync(units, lockWait, cancellationToken);

    public Task<StreamRead> ReadAfterAsync(string userId, StreamPosition after, DateTimeOffset? time, int limit, CancellationToken cancellationToken)
    {
        BeforeReadAfter(userId);
        return store.ReadAfterAsync(userId, after, time, limit, cancellationToken);
    }

    public Task<StreamPage> ReadSinceAsync(string userId, DateTimeOffset? since, int limit, CancellationToken cancellationToken) =>
        store.ReadSinceAsync(userId, since, limit, cancellationToken);

    public Task<StreamRead> ReadBeforeAsync(string userId, StreamPosition? before, int limit, CancellationToken cancellationToken) =>
        store.ReadBeforeAsync(userId, before, limit, cancellationToken);

    public async Task<IReadOnlyDictionary<string, StreamPosition>> ReadHeadsAsync(IReadOnlyCollection<string> userIds, CancellationToken cancellationToken)
    {
        var heads = await store.ReadHeadsAsync(userIds, cancellationToken);
        await AfterReadHeads(heads);
        return heads;
    }

    public Task<DateTimeOffset> ReadClockAsync(CancellationToken cancellationToken) => store.ReadClockAsync(cancellationToken);

    public Task<IReadOnlyList<(string UserId, long UpTo)>> FindExpiredAsync(DateTimeOffset before, int maxUsers, CancellationToken cancellationToken) =>
        store.FindExpiredAsync(before, maxUsers, cancellationToken);

    public Task<int?> TrimAsync(string userId, long upTo, int maxEvents, CancellationToken cancellationToken) =>
        store.TrimAsync(userId, upTo, maxEvents, cancellationToken);
}
