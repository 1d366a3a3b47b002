using Realtime.Server.EventStore;

namespace Realtime.Server.Publishing;

/// <summary>A unit on its way through the append queue, and whoever waits for it. Whatever happens, it is completed or failed. Thread-safe.</summary>
internal sealed class PendingUnit(AppendUnit unit, DateTimeOffset deadline)
{
    private readonly TaskCompletionSource<IReadOnlyList<AppendedEvent>> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public AppendUnit Unit => unit;

    public int Count => unit.Events.Count;

    /// <summary>Nobody waits for the unit after this; no attempt to append it begins any more.</summary>
    public DateTimeOffset Deadline => deadline;

    /// <summary>Whether an earlier attempt ended without an answer: then a duplicate may be this unit itself, and must still be pushed.</summary>
    public bool MayBeStored { get; set; }

    /// <summary>What decides the lane: the user, or the unit itself when it spans several users.</summary>
    public string LaneKey { get; } = LaneKeyOf(unit);

    public Task<IReadOnlyList<AppendedEvent>> Done => _done.Task;

    public void Complete(IReadOnlyList<AppendedEvent> events) => _done.TrySetResult(events);

    /// <summary>Its publisher may have gone; then nobody looks at the fault, and nothing is to call it unobserved.</summary>
    public void Fail(Exception fault)
    {
        if (_done.TrySetException(fault)) _ = _done.Task.Exception;
    }

    private static string LaneKeyOf(AppendUnit unit)
    {
        string first = unit.Events[0].UserId;
        return unit.Events.All(e => e.UserId == first) ? first : $"/{unit.Events[0].Id}"; // a user id holds no slash
    }
}
