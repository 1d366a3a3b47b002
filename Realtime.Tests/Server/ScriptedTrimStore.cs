using Realtime.Contracts;
using Realtime.Server.EventStore;

namespace Realtime.Tests.Server;

/// <summary>A store of expired events only: how many each stream has left. Counts what the retention job asks. Thread-safe.</summary>
sealed class ScriptedTrimStore : IEventStore
{
    readonly List<DateTimeOffset> _cuts = [];
    readonly System.Collections.Concurrent.ConcurrentDictionary<string, int> _left = new(StringComparer.Ordinal);
    int _runs;
    int _steps;

    internal DateTimeOffset Clock { get; set; }

    internal volatile bool IsAway;

    /// <summary>A stream that somebody's transaction holds.</summary>
    internal volatile string? Held;

    internal IDictionary<string, int> Left => _left;

    internal int Runs => Volatile.Read(ref _runs);

    internal int Steps => Volatile.Read(ref _steps);

    internal IReadOnlyList<DateTimeOffset> Cuts
    {
        get
        {
            lock (_cuts) return [.. _cuts];
        }
    }

    public Task<DateTimeOffset> ReadClockAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _runs);
        return IsAway ? Task.FromException<DateTimeOffset>(new StoreUnavailableException("away")) : Task.FromResult(Clock);
    }

    public Task<IReadOnlyList<(string UserId, long UpTo)>> FindExpiredAsync(DateTimeOffset before, int maxUsers, CancellationToken cancellationToken)
    {
        lock (_cuts) _cuts.Add(before);
        return Task.FromResult<IReadOnlyList<(string, long)>>([.. _left.Where(stream => stream.Value > 0).Take(maxUsers).Select(stream => (stream.Key, (long)stream.Value))]);
    }

    public Task<int?> TrimAsync(string userId, long upTo, int maxEvents, CancellationToken cancellationToken)
    {
        if (userId == Held) return Task.FromResult<int?>(null);
        int deleted = Math.Min(maxEvents, _left[userId]);
        _left[userId] -= deleted;
        Interlocked.Increment(ref _steps);
        return Task.FromResult<int?>(deleted);
    }

    public Task InitializeAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<AppendOutcome>> AppendAsync(IReadOnlyList<AppendUnit> units, TimeSpan? lockWait, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<StreamRead> ReadAfterAsync(string userId, StreamPosition after, DateTimeOffset? time, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<StreamPage> ReadSinceAsync(string userId, DateTimeOffset? since, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<StreamRead> ReadBeforeAsync(string userId, StreamPosition? before, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyDictionary<string, StreamPosition>> ReadHeadsAsync(IReadOnlyCollection<string> userIds, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}
