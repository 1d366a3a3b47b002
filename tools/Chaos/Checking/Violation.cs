namespace Realtime.Chaos.Checking;

/// <summary>One way in which the promise can be broken.</summary>
enum ViolationKind
{
    /// <summary>Stored, and a client never got it.</summary>
    Missing,

    /// <summary>Handled twice in one run, or again although its cursor had been saved.</summary>
    Duplicated,

    /// <summary>Handled after a later event.</summary>
    Reordered,

    /// <summary>Handled, but not in the store, or rolled back.</summary>
    Phantom,

    /// <summary>The data differs from what was stored, or what was stored from what was sent.</summary>
    ContentDiffers,

    /// <summary>Acknowledged, and not in the store at that position.</summary>
    AcknowledgedNotStored,

    /// <summary>Sent after another was acknowledged, and stored before it.</summary>
    CausalityBroken,

    /// <summary>The sequences of a stream have a hole or repeat, or its times do not rise.</summary>
    StoreNotInOrder,

    /// <summary>A client said that history is lost, and it was not.</summary>
    FalseHistoryLost,

    /// <summary>A client passed an event that its handler had failed on.</summary>
    Parked,

    /// <summary>A client stopped by itself.</summary>
    ClientStopped,

    /// <summary>Something did not come to rest in time, or a process ended as it should not.</summary>
    Stuck,
}

/// <summary>One finding.</summary>
/// <param name="Kind">What is broken.</param>
/// <param name="Where">Process, run and user, where there are.</param>
/// <param name="What">The evidence in words.</param>
sealed record Violation(ViolationKind Kind, string Where, string What)
{
    public override string ToString() => $"{Kind}: {Where}: {What}";
}
