using Realtime.Contracts;
using Realtime.Server.EventStore;

namespace Realtime.Tests.Server;

/// <summary>A store whose appends do what the test says; nothing else is called. Thread-safe.</summary>
sealed class ScriptedEventStore : IEventStore
{
    readonly Dictionary<string, long> _sequences = new(StringComparer.Ordinal);

    /// <summary>By default every append is committed.</summary>
    internal Func<IReadOnlyList<AppendUnit>, CancellationToken, Task<IReadOnlyList<AppendOutcome>>>? OnAppend { get; set; }

    public int ConcurrentAppends => 2;

    internal IReadOnlyList<AppendOutcome> Commit(IReadOnlyList<AppendUnit> units)
    {
        lock (_sequences) return [.. units.Select(unit => (AppendOutcome)new AppendOutcome.Committed([.. unit.Events.Select(Next)]))];
    }

    public Task<IReadOnlyList<AppendOutcome>> AppendAsync(IReadOnlyList<AppendUnit> units, TimeSpan? lockWait, CancellationToken cancellationToken) =>
        OnAppend?.Invoke(units, cancellationToken) ?? Task.FromResult(Commit(units));

    public Task InitializeAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<StreamRead> ReadAfterAsync(string userId, StreamPosition after, DateTimeOffset? time, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<StreamPage> ReadSinceAsync(string userId, DateTimeOffset? since, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<StreamRead> ReadBeforeAsync(string userId, StreamPosition? before, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyDictionary<string, StreamPosition>> ReadHeadsAsync(IReadOnlyCollection<string> userIds, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<DateTimeOffset> ReadClockAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<(string UserId, long UpTo)>> FindExpiredAsync(DateTimeOffset before, int maxUsers, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<int?> TrimAsync(string userId, long upTo, int maxEvents, CancellationToken cancellationToken) => throw new NotSupportedException();

    AppendedEvent Next(NewEvent item)
    {
        long sequence = _sequences.GetValueOrDefault(item.UserId) + 1;
        _sequences[item.UserId] = sequence;
        return new AppendedEvent(new StreamPosition("e", sequence), DateTimeOffset.UnixEpoch.AddSeconds(sequence), IsDuplicate: false);
    }
}
