using Realtime.Chaos.Records;
using Realtime.Contracts;

namespace Realtime.Chaos.Checking;

/// <summary>
/// Follows one client through its runs. Within a run every event must be the one after the last. A later run may go back
/// to its saved cursor, never ahead of what was handled, and what it repeats must be what came before.
/// </summary>
sealed class ClientCheck(string process, string user, StoredStream stream, History history, List<Violation> violations)
{
    /// <summary>All up to here was handled by some run, or truly lost.</summary>
    long _covered = -1;

    /// <summary>Where the present run stands.</summary>
    long _last = -1;

    long _highestOfRun;
    int _run;
    readonly HashSet<long> _handledInRun = [];

    /// <summary>Passed over in this run: late, as long as it goes on; missing when it ends.</summary>
    readonly SortedSet<long> _passedOver = [];

    internal long Deliveries { get; private set; }

    internal long Repeated { get; private set; }

    internal int TrueLosses { get; private set; }

    string Where => $"{process} run {_run}, {user}";

    internal void Run(ClientRun run)
    {
        _run = run.Number;
        _last = -1;
        _highestOfRun = 0;
        _handledInRun.Clear();
        _passedOver.Clear();
        foreach (var record in run.Records.Where(r => r.User == user))
        {
            switch (record)
            {
                case ClientRecord.Began began: Begin(began.Position); break;
                case ClientRecord.Handled handled: Handle(handled); break;
                case ClientRecord.Lost lost: Lose(lost); break;
                case ClientRecord.Parked parked: Add(ViolationKind.Parked, $"{parked.Position} was passed without having been handled"); break;
                case ClientRecord.Stopped stopped: Add(ViolationKind.ClientStopped, stopped.Why); break;
            }
        }
        if (_passedOver.Count > 0)
            Add(ViolationKind.Missing, $"{_passedOver.Count} passed over and never handled, the first of them {_passedOver.Min}");
    }

    /// <summary>All is quiet: whatever is stored must have been handled.</summary>
    internal void End()
    {
        if (_covered < 0)
            Add(ViolationKind.Missing, "the client never began");
        else if (_covered < stream.Head)
            Add(ViolationKind.Missing, $"nothing after {_covered}, the head is {stream.Head}");
    }

    void Begin(StreamPosition start)
    {
        if (_covered >= 0 && start.Sequence > _covered)
        {
            // The cursor was saved before the handler had finished: what lies between was never handled by anyone.
            Add(ViolationKind.Missing, $"the run begins behind {start}, but only {_covered} had been handled");
        }
        _covered = Math.Max(_covered, start.Sequence);
        _last = start.Sequence;
    }

    void Handle(ClientRecord.Handled handled)
    {
        Deliveries++;
        var sequence = handled.Position.Sequence;
        CheckTruth(handled);
        if (!_handledInRun.Add(sequence))
        {
            Add(ViolationKind.Duplicated, $"{handled.Position} was handled twice");
            return;
        }
        if (sequence < _highestOfRun)
        {
            _passedOver.Remove(sequence);
            Add(ViolationKind.Reordered, $"{handled.Position} was handled after {_highestOfRun}");
            return;
        }
        if (sequence <= _last)
            Add(ViolationKind.Duplicated, $"{handled.Position} was handled although the run began behind {_last}");
        if (_last < 0)
            Add(ViolationKind.Missing, $"{handled.Position} was handled in a run that nobody knows the beginning of");
        for (var passed = Math.Max(_last, 0) + 1; passed < sequence; passed++)
            _passedOver.Add(passed);
        if (sequence <= _covered)
            Repeated++;
        _covered = Math.Max(_covered, sequence);
        _last = Math.Max(_last, sequence);
        _highestOfRun = sequence;
    }

    void CheckTruth(ClientRecord.Handled handled)
    {
        if (history.RolledBack.Contains(handled.Id))
            Add(ViolationKind.Phantom, $"{handled.Position} ({handled.Id}) was rolled back");
        else if (stream.At(handled.Position) is not { } stored)
            Add(ViolationKind.Phantom, $"{handled.Position} ({handled.Id}) is not in the store");
        else if (stored.Id != handled.Id)
            Add(ViolationKind.Phantom, $"{handled.Position} was handled as {handled.Id}, the store has {stored.Id}");
        else if (stored.Hash != handled.Hash)
            Add(ViolationKind.ContentDiffers, $"{handled.Position} was handled with other data than is stored");
    }

    /// <summary>True only when retention had deleted the very events between where the client was and where it goes on.</summary>
    void Lose(ClientRecord.Lost lost)
    {
        var isTrue = lost.Reason == "trimmed" && lost.Last.Sequence + 1 < lost.Oldest.Sequence && stream.WasOldest(lost.Oldest) && lost.Last.Sequence == _last;
        if (!isTrue)
        {
            Add(ViolationKind.FalseHistoryLost, $"{lost.Reason} at {lost.Last} (handled: {_last}), head {lost.Head}, oldest {lost.Oldest}");
            return;
        }
        TrueLosses++;
        if (history.MayLose is { } may && !may.Contains((process, user)))
            Add(ViolationKind.FalseHistoryLost, $"trimmed before {lost.Oldest} while it ran: it was behind for longer than events are kept");
        _last = lost.Oldest.Sequence - 1;
        _covered = Math.Max(_covered, _last);
    }

    void Add(ViolationKind kind, string what) => violations.Add(new(kind, Where, what));
}
