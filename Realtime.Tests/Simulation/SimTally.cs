namespace Realtime.Tests.Simulation;

/// <summary>What can happen in a schedule.</summary>
public enum Happening
{
    /// <summary>A push is lost.</summary>
    Drop,

    /// <summary>A client hears an event after a later one.</summary>
    Swap,

    /// <summary>A client hears an event that it has heard before.</summary>
    Duplicate,

    /// <summary>A push takes long.</summary>
    Delay,

    /// <summary>A connection was still writing: the push is skipped.</summary>
    SkippedPush,

    /// <summary>Something arrives that is no event.</summary>
    Garbage,

    /// <summary>A connection is cut.</summary>
    Cut,

    /// <summary>A connection says nothing more.</summary>
    Stuck,

    /// <summary>What a cut connection still had comes beside what the next one brings.</summary>
    LateBacklog,

    /// <summary>The client process is killed.</summary>
    Crash,

    /// <summary>The client process stops in an orderly way.</summary>
    Stop,

    /// <summary>The server process is killed.</summary>
    NodeCrash,

    /// <summary>The store does not answer.</summary>
    StoreAway,

    /// <summary>No push arrives at this node.</summary>
    BackplaneAway,

    /// <summary>No question is answered.</summary>
    RestAway,

    /// <summary>An earlier day is restored, and nobody renews the epoch.</summary>
    Fork,

    /// <summary>An earlier day is restored, and the epoch renewed.</summary>
    RestoredAndRenewed,

    /// <summary>The epoch is renewed; no event is gone.</summary>
    Renewal,

    /// <summary>Old events are trimmed.</summary>
    Retention,

    /// <summary>An event or a head of long ago turns up again.</summary>
    Echo,

    /// <summary>A head turns up that nobody committed.</summary>
    FalseHead,

    /// <summary>A question for events fails.</summary>
    FailedQuestion,

    /// <summary>A cursor cannot be saved.</summary>
    FailedSave,

    /// <summary>A handler throws.</summary>
    FailedHandler,

    /// <summary>An event that its handler refuses is parked.</summary>
    Parked,

    /// <summary>The head check cannot read.</summary>
    FailedHeadCheck,

    /// <summary>The head check pushes what was missing.</summary>
    HeadCheckPush,

    /// <summary>The head check tells a head.</summary>
    HeadCheckHead,

    /// <summary>A page that is not the last one.</summary>
    LongRecovery,

    /// <summary>The client reports lost history: trimmed.</summary>
    LossTrimmed,

    /// <summary>The client reports lost history: another epoch.</summary>
    LossEpochChanged,

    /// <summary>The client reports lost history: its position is not there.</summary>
    LossAheadOfHead,

    /// <summary>The client reports lost history: another event is there.</summary>
    LossForked,
}

/// <summary>Counts what happened, so that a run can show that it has been through everything. Not thread-safe.</summary>
sealed class SimTally
{
    static readonly Happening[] All = Enum.GetValues<Happening>();

    readonly long[] _times = new long[All.Length];
    readonly long[] _schedules = new long[All.Length];

    internal void Note(Happening what) => _times[(int)what]++;

    /// <summary>Adds what happened in one schedule.</summary>
    internal void AddSchedule(SimTally one)
    {
        for (int i = 0; i < _times.Length; i++)
        {
            _times[i] += one._times[i];
            if (one._times[i] > 0) _schedules[i]++;
        }
    }

    /// <summary>Adds what happened in other schedules.</summary>
    internal void AddAll(SimTally others)
    {
        for (int i = 0; i < _times.Length; i++)
        {
            _times[i] += others._times[i];
            _schedules[i] += others._schedules[i];
        }
    }

    /// <summary>What happened in fewer schedules than that.</summary>
    internal IEnumerable<Happening> RarerThan(long schedules) => All.Where(what => _schedules[(int)what] < schedules);

    public override string ToString() =>
        string.Join(Environment.NewLine, All.Select(what => $"  {what,-20} {_times[(int)what],9} times in {_schedules[(int)what],7} schedules"));
}
