using Realtime.Contracts;
using Realtime.Server.EventStore;

namespace Realtime.Tests.Server;

/// <summary>A store whose shared reads end when a test says so. Each user has one event, whose type names the user. Thread-safe.</summary>
sealed class ManyStreams : IEventStore, IManyStreams
{
    readonly Lock _lock = new();
    readonly List<IReadOnlyList<StreamQuestion>> _calls = [];
    readonly List<string> _alone = [];
    readonly Queue<TaskCompletionSource> _pending = new();
    bool _answersAll;

    internal bool IsAway { get; set; }

    internal string? Broken { get; set; }

    internal string? TooLarge { get; set; }

    internal IReadOnlyList<IReadOnlyList<StreamQuestion>> Calls
    {
        get
        {
            lock (_lock) return [.. _calls];
        }
    }

    internal IReadOnlyList<string> Alone
    {
        get
        {
            lock (_lock) return [.. _alone];
        }
    }

    internal void AnswerNext()
    {
        TaskCompletionSource next;
        lock (_lock) next = _pending.Dequeue();
        next.SetResult();
    }

    internal void AnswerAllFromNowOn()
    {
        List<TaskCompletionSource> waiting;
        lock (_lock)
        {
            _answersAll = true;
            waiting = [.. _pending];
            _pending.Clear();
        }

        foreach (var one in waiting) one.SetResult();
    }

    public async Task<StreamRead?[]> ReadManyAfterAsync(IReadOnlyList<StreamQuestion> questions, int maxBytes, CancellationToken cancellationToken)
    {
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _calls.Add(questions);
            if (_answersAll) end.SetResult();
            else _pending.Enqueue(end);
        }

        await end.Task;
        if (IsAway) throw new StoreUnavailableException("The store is away.");
        if (questions.Any(q => q.UserId == Broken)) throw new InvalidOperationException("A page of the table is damaged.");
        return [.. questions.Select(q => q.UserId == TooLarge ? null : PageOf(q.UserId))];
    }

    public Task<StreamRead> ReadAfterAsync(string userId, StreamPosition after, DateTimeOffset? time, int limit, CancellationToken cancellationToken)
    {
        lock (_lock) _alone.Add(userId);
        return userId == Broken
            ? Task.FromException<StreamRead>(new InvalidOperationException("A page of the table is damaged."))
            : Task.FromResult<StreamRead>(PageOf(userId));
    }

    public Task InitializeAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<AppendOutcome>> AppendAsync(IReadOnlyList<AppendUnit> units, TimeSpan? lockWait, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<StreamPage> ReadSinceAsync(string userId, DateTimeOffset? since, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<StreamRead> ReadBeforeAsync(string userId, StreamPosition? before, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyDictionary<string, StreamPosition>> ReadHeadsAsync(IReadOnlyCollection<string> userIds, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<DateTimeOffset> ReadClockAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<(string UserId, long UpTo)>> FindExpiredAsync(DateTimeOffset before, int maxUsers, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<int?> TrimAsync(string userId, long upTo, int maxEvents, CancellationToken cancellationToken) => throw new NotSupportedException();

    static StreamPage PageOf(string user)
    {
        var position = new StreamPosition("e1", 1);
        var only = new AgentEventEnvelope { Type = $"of.{user}", Id = Guid.CreateVersion7(), Position = position, Time = DateTimeOffset.UnixEpoch };
        return new StreamPage([only], position, position, position, IsTruncated: false);
    }
}
