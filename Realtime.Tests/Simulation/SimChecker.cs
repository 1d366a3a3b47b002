using Realtime.Client;
using Realtime.Contracts;

namespace Realtime.Tests.Simulation;

/// <summary>The promise was broken.</summary>
sealed class PromiseBrokenException(string what) : Exception(what);

/// <summary>Compares what one process run hands to its application with what was committed, as it happens.</summary>
sealed class SimChecker(SimScheduler scheduler, SimStore store, SimDisk disk)
{
    readonly HashSet<SimEvent> _handled = [];
    readonly HashSet<Guid> _heard = [];
    StreamPosition? _highestHeard;
    readonly Dictionary<int, (StreamPosition Head, int Restores)> _connections = [];

    SimEvent? _last;
    SimEvent? _inHand;
    StreamPosition? _lastPosition;
    DateTimeOffset? _lastTime;
    bool _awaitsPlace;
    bool _mayRepeat;
    Loss? _loss;
    int _soughtAtRestore;
    bool _hasEvidence;
    ConnectionStatus? _status;

    /// <summary>Forks within one epoch that nothing which reached this client could have shown it.</summary>
    internal int UnknowableForks { get; private set; }

    internal int Losses { get; private set; }

    internal int HandledCount => _handled.Count;

    /// <summary>Whether the last event seen is this one, as far as the client can know.</summary>
    internal bool HasSeen(SimEvent? newest) => _last is not { } last || last == newest || !(store.Holds(last) || _hasEvidence);

    internal void Starts(StreamCursor? stored, StartFrom start)
    {
        _awaitsPlace = stored is null;
        bool isKnownPlace = start.Otherwise?.Kind == StartKind.After; // the application knew it before anything was restored
        _soughtAtRestore = stored is not null ? disk.SoughtAtRestore : isKnownPlace ? 0 : store.Restores;
        if (stored is not null) Place(stored);
    }

    internal void Connected(int generation) => _connections[generation] = (store.Head, store.Restores);

    /// <summary>A push has reached the client: does it show that history was rewritten?</summary>
    internal void Heard(AgentEventEnvelope pushed)
    {
        if (!_heard.Add(pushed.Id)) scheduler.Note(Happening.Duplicate);
        else if (_highestHeard is { } highest && highest.IsSameHistoryAs(pushed.Position) && pushed.Position.Sequence < highest.Sequence) scheduler.Note(Happening.Swap);
        else _highestHeard = pushed.Position;
        if (_last is { } last && _lastPosition is { } position && pushed.Position.IsSameHistoryAs(position)
            && pushed.Position.Sequence <= position.Sequence && pushed.Time > last.Time) _hasEvidence = true;
    }

    internal void Barrier(StreamPosition head)
    {
        if (_last is not null && _lastPosition is { } position && head.IsSameHistoryAs(position) && head.Sequence < position.Sequence && !store.Holds(_last)) _hasEvidence = true;
    }

    internal void Handling(AgentEvent handed)
    {
        var e = Resolve(handed);
        scheduler.Tell("app", $"handles {handed.Position} {e}");
        if (e == _inHand) return; // once more, after its handler has failed
        if (_awaitsPlace || _lastPosition is not { } last) throw Broken($"{handed.Position} is handed over before a start was saved");
        if (_handled.Contains(e)) throw Broken($"{handed.Position} {e} is handed over again");
        if (!handed.Position.IsSameHistoryAs(last)) throw Broken($"{handed.Position} is handed over after {last} without HistoryLost");
        if (handed.Position.Sequence != last.Sequence + 1) throw Broken($"{handed.Position} is handed over after {last}");
        if (_loss is { } loss) CheckContinuation(e, loss);
        if (_last is not null && e.Previous != _last) CheckUnknowable(e, _last);
        else if (_last is null && _lastTime is { } from && e.Time <= from) throw Broken($"{e} is handed over, but only events after {from:ss.ffffff} are wanted");
        _inHand = e;
    }

    internal void Handled(AgentEvent handed)
    {
        Passed(Resolve(handed), handed.Position);
        scheduler.Tell("app", $"handled {handed.Position}");
    }

    internal void Parked(AgentEvent parked)
    {
        Passed(Resolve(parked), parked.Position);
        scheduler.Note(Happening.Parked);
        scheduler.Tell("app", $"parked {parked.Position}");
    }

    /// <param name="lost">What is reported.</param>
    /// <param name="isChosen">Whether the application wants to go on elsewhere than proposed.</param>
    internal void Lost(HistoryLostEventArgs lost, bool isChosen)
    {
        scheduler.Tell("app", $"HistoryLost {lost.Reason} at {lost.LastProcessed}, head {lost.Head}, oldest {lost.Oldest}, going on from {lost.ContinueFrom}");
        Losses++;
        scheduler.Note(lost.Reason switch
        {
            HistoryLostReason.Trimmed => Happening.LossTrimmed,
            HistoryLostReason.EpochChanged => Happening.LossEpochChanged,
            HistoryLostReason.AheadOfHead => Happening.LossAheadOfHead,
            _ => Happening.LossForked,
        });
        bool isTrue = lost.Reason switch
        {
            HistoryLostReason.Trimmed => store.Trimmed > (_lastPosition?.Sequence ?? long.MaxValue) || store.TrimmedTime > Time(lost.ContinueFrom) || store.TrimmedTime > _lastTime
                || (_lastTime is null && store.Trimmed > 0),
            HistoryLostReason.EpochChanged => !_awaitsPlace && lost.LastProcessed.Epoch != store.Epoch,
            _ => !_awaitsPlace && (_last is { } last ? !store.Holds(last) : store.Restores > _soughtAtRestore),
        };
        if (!isTrue) throw Broken($"HistoryLost {lost.Reason} at {lost.LastProcessed} is a false alarm");
        if (_awaitsPlace && lost.Reason != HistoryLostReason.Trimmed) throw Broken("HistoryLost is reported twice");
        _loss = new Loss(_last?.Time ?? _lastTime, isChosen);
        _mayRepeat = isChosen && lost.ContinueFrom == StartFrom.Beginning;
        _awaitsPlace = true;
        _soughtAtRestore = store.Restores;
    }

    internal void Saved(StreamCursor cursor)
    {
        var e = cursor.Id is { } id ? store.Find(id) ?? throw Broken($"the cursor {cursor.Position} names no event") : null;
        bool isProcessed = e is not null && (_handled.Contains(e) || e == _last);
        if (isProcessed && !(_awaitsPlace && cursor.Position != _lastPosition)) return;
        if (!_awaitsPlace) throw Broken($"the cursor {cursor.Position} is saved before its event was handled");
        Place(cursor);
    }

    /// <summary>Looks at the state after each step.</summary>
    internal void Observe(ConnectionStatus status, int generation, StreamCursor? cursor)
    {
        if (ReferenceEquals(status, _status)) return;
        _status = status;
        scheduler.Tell("client", $"is {status.State}: {status.Reason}");
        if (status.State != ConnectionState.Live || !_connections.TryGetValue(generation, out var connected) || connected.Restores != store.Restores || connected.Head.Epoch != store.Epoch) return;
        if (cursor is null || !cursor.Position.IsSameHistoryAs(connected.Head) || cursor.Position.Sequence < connected.Head.Sequence)
            throw Broken($"Live at {cursor?.Position}, but the head was {connected.Head} when the connection was made");
    }

    /// <summary>In the end the application has seen exactly the history that there is.</summary>
    internal void AtTheEnd(StreamCursor? cursor, StreamCursor? saved)
    {
        if (cursor?.Position != store.Head) throw Broken($"the cursor is {cursor?.Position}, the head {store.Head}");
        if (_last is { } last && last != store.HeadEvent) throw Broken($"the last event seen is {last}, the newest {store.HeadEvent}: a rewritten history went unnoticed");
        if (saved != cursor) throw Broken($"the cursor {cursor.Position} was not saved");
    }

    SimEvent Resolve(AgentEvent handed)
    {
        var e = store.Find(handed.Id) ?? throw Broken($"{handed.Position} was never committed");
        return e.Sequence == handed.Position.Sequence && e.Time == handed.Time ? e : throw Broken($"{handed.Position} is not what was committed as {e}");
    }

    void Passed(SimEvent e, StreamPosition position)
    {
        if (!_handled.Add(e)) throw Broken($"{e} is handled again");
        (_last, _lastPosition, _lastTime, _loss, _inHand) = (e, position, e.Time, null, null);
    }

    void Place(StreamCursor cursor)
    {
        _awaitsPlace = false;
        disk.SoughtAtRestore = _soughtAtRestore;
        _hasEvidence = false;
        if (_mayRepeat) _handled.Clear();
        _mayRepeat = false;
        _last = cursor.Id is { } id ? store.Find(id) : null;
        _lastPosition = cursor.Position;
        _lastTime = cursor.Time;
    }

    /// <summary>After a loss nothing that still exists is passed over, and nothing comes twice.</summary>
    void CheckContinuation(SimEvent next, Loss loss)
    {
        if (loss.IsChosen || loss.LastTime is not { } lastTime) return;
        if (next.Time <= lastTime) throw Broken($"{next} is handed over after the loss, though it is not later than what was seen before");
        bool isFirst = next.Previous is null || next.Previous.Time <= lastTime || next.Previous.Sequence <= store.Trimmed;
        if (!isFirst && store.Restores == _soughtAtRestore) throw Broken($"after the loss {next.Previous} was passed over");
    }

    /// <summary>
    /// Within one epoch, a client that hears nothing of the events which replaced its last ones cannot know that the next one
    /// follows others. Whatever did reach it must have stopped it; and the server, which is told the last event's time, never goes on
    /// with another history, so only a push can have brought it.
    /// </summary>
    void CheckUnknowable(SimEvent next, SimEvent last)
    {
        if (store.Holds(last) || _hasEvidence || next.Time <= last.Time || !_heard.Contains(next.Id)) throw Broken($"{next} is handed over after {last}, but follows {next.Previous}");
        UnknowableForks++;
    }

    static DateTimeOffset? Time(StartFrom start) => start.Kind == StartKind.Since ? start.Time : null;

    PromiseBrokenException Broken(string what)
    {
        var broken = new PromiseBrokenException(what);
        scheduler.Broken ??= broken;
        return broken;
    }

    sealed record Loss(DateTimeOffset? LastTime, bool IsChosen);
}
