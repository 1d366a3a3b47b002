using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;

namespace Realtime.Client.Testing.Stream;

/// <summary>All streams in memory. What is committed goes to the pushes in the order of its commit, because both happen under one lock. Thread-safe.</summary>
internal sealed class TestStore(TimeProvider time, Action<string, AgentEventEnvelope> push)
{
    private const int MaxCursors = 100;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, TestStream> _streams = new(StringComparer.Ordinal);
    private int _epochs = 1;

    private string Epoch => $"test{_epochs}";

    /// <summary>Appends all, in order.</summary>
    public IReadOnlyList<PublishReceipt> Append(IReadOnlyList<PublishRequest> requests)
    {
        lock (_lock) return [.. requests.Select(r => Append_NeedsLock(r.UserId, r.Type, r.Id ?? Guid.CreateVersion7(time.GetUtcNow()), r.Data))];
    }

    public StreamPosition HeadOf(string user) => In(user, (stream, epoch) => stream.Head(epoch));

    public IReadOnlyList<AgentEventEnvelope> EventsOf(string user) => In(user, (stream, _) => stream.Events);

    public (EventPage? Page, Loss? Loss) ReadAfter(string user, StreamPosition after, DateTimeOffset? seen, int limit) => In(user, (stream, epoch) =>
        stream.WhyLost(epoch, after, seen) is { } loss ? ((EventPage?)null, (Loss?)loss) : (stream.PageAfter(epoch, after.Sequence, limit), null));

    public EventPage ReadSince(string user, DateTimeOffset? since, int limit) => In(user, (stream, epoch) => stream.PageSince(epoch, since, limit));

    public (ActivityPage? Page, Loss? Loss) ReadBefore(string user, StreamPosition? before, int limit) => In(user, (stream, epoch) =>
        before is { } position && position.Epoch != epoch
            ? ((ActivityPage?)null, (Loss?)new Loss(HistoryLostReason.EpochChanged, stream.Head(epoch), stream.Oldest(epoch)))
            : (stream.PageBefore(before?.Sequence, limit), null));

    public BrakeState BrakeOf(string user) => In(user, (stream, _) => stream.Brake);

    /// <summary>The same value again changes nothing.</summary>
    public BrakeState SetBrake(string user, bool engaged, string? reason, string changedBy)
    {
        lock (_lock)
        {
            var stream = Stream_NeedsLock(user);
            if (stream.Brake.Engaged == engaged) return stream.Brake;
            var data = EventData.From(new AgentBrakeChanged { Engaged = engaged, Reason = reason, ChangedBy = changedBy }, RealtimeJsonContext.Default.AgentBrakeChanged);
            var receipt = Append_NeedsLock(user, AgentBrakeChanged.TypeName, Guid.CreateVersion7(time.GetUtcNow()), data);
            return stream.Brake = new BrakeState { Engaged = engaged, Reason = reason, ChangedAt = receipt.Time, ChangedBy = changedBy };
        }
    }

    public IReadOnlyList<ConsumerCursor> CursorsOf(string user) => In(user, (stream, epoch) => stream.Cursors(epoch));

    /// <summary>The cursor; or why its position is not of this history; or neither when the user has too many.</summary>
    public (ConsumerCursor? Cursor, Loss? Loss) MoveCursor(string user, string consumer, StreamPosition position) => In(user, (stream, epoch) =>
        stream.WhyLost(epoch, position, seen: null) is { Reason: not HistoryLostReason.Trimmed } loss
            ? ((ConsumerCursor?)null, (Loss?)loss)
            : (stream.MoveCursor(epoch, consumer, position, time.GetUtcNow(), MaxCursors), null));

    public void DeleteCursor(string user, string consumer) => In(user, (stream, _) =>
    {
        stream.DeleteCursor(consumer);
        return true;
    });

    /// <summary>Makes every stream one that cannot be continued from its head, in the given way.</summary>
    /// <exception cref="InvalidOperationException">There is no event that could be lost in this way.</exception>
    public void LoseHistory(HistoryLostReason reason)
    {
        lock (_lock)
        {
            if (reason == HistoryLostReason.EpochChanged) _epochs++;
            bool isLost = reason is HistoryLostReason.EpochChanged or HistoryLostReason.Trimmed;
            foreach (var (user, stream) in _streams) isLost |= Lose_NeedsLock(user, stream, reason);
            if (!isLost) throw new InvalidOperationException($"{reason} needs at least one event that was published before.");
        }
    }

    private bool Lose_NeedsLock(string user, TestStream stream, HistoryLostReason reason)
    {
        switch (reason)
        {
            case HistoryLostReason.EpochChanged:
                stream.ChangeEpoch(Epoch);
                return true;
            case HistoryLostReason.Trimmed:
                stream.TrimPastHead(time.GetUtcNow());
                return true;
            case HistoryLostReason.AheadOfHead:
                return stream.ForgetNewest();
            case HistoryLostReason.Forked:
                if (stream.RewriteNewest(time.GetUtcNow()) is not { } rewritten) return false;
                push(user, rewritten); // the only trace that a rewritten history leaves at its clients
                return true;
            default:
                throw new ArgumentOutOfRangeException(nameof(reason), reason, "No such reason.");
        }
    }

    private PublishReceipt Append_NeedsLock(string user, string type, Guid id, EventData data)
    {
        var (envelope, isDuplicate) = Stream_NeedsLock(user).Append(Epoch, time.GetUtcNow(), type, id, data);
        if (!isDuplicate) push(user, envelope);
        return new PublishReceipt { Id = envelope.Id, Position = envelope.Position, Time = envelope.Time, Duplicate = isDuplicate };
    }

    private T In<T>(string user, Func<TestStream, string, T> work)
    {
        lock (_lock) return work(Stream_NeedsLock(user), Epoch);
    }

    private TestStream Stream_NeedsLock(string user)
    {
        if (!_streams.TryGetValue(user, out var stream)) _streams[user] = stream = new TestStream();
        return stream;
    }
}
