using Realtime.Contracts;

namespace Realtime.Server.HeadCheck;

/// <summary>What a head that was read from the store says about what was pushed here. Pure.</summary>
internal static class HeadJudgement
{
    /// <summary>Most events that are pushed again; beyond that the clients are told the head and fetch.</summary>
    public const int MaxPushed = 100;

    /// <summary>How long a push may be on its way before it counts as lost.</summary>
    public static readonly TimeSpan PushPatience = TimeSpan.FromMilliseconds(500);

    /// <summary>Whether the store holds what was not pushed.</summary>
    /// <param name="pushed">Up to where events were pushed without a gap; <see langword="null"/> when that is unknown.</param>
    /// <param name="head">The head of the stream.</param>
    public static bool IsBehind(StreamPosition? pushed, StreamPosition head) =>
        pushed is not { } known || !known.IsSameHistoryAs(head) || known.Sequence < head.Sequence;

    /// <summary>
    /// Whether history was rewritten: a push follows its commit, so a head that was read after a push cannot be below it.
    /// What counts as pushed is then of a history that is gone.
    /// </summary>
    /// <param name="pushedBefore">Up to where events had been pushed before the head was read.</param>
    /// <param name="head">The head of the stream.</param>
    public static bool IsRewritten(StreamPosition? pushedBefore, StreamPosition head) =>
        pushedBefore is { } known && known.IsSameHistoryAs(head) && known.Sequence > head.Sequence;

    /// <summary>From where to push what is missing; <see langword="null"/> when the head is announced instead.</summary>
    /// <param name="pushed">Up to where events were pushed without a gap.</param>
    /// <param name="head">The head of the stream.</param>
    public static StreamPosition? PushFrom(StreamPosition? pushed, StreamPosition head) =>
        // Without a beginning (nobody's head could be read yet), in another history, or far behind: the clients fetch.
        pushed is { } known && known.IsSameHistoryAs(head) && head.Sequence - known.Sequence <= MaxPushed ? known : null;

    /// <summary>How many events a head says were not pushed; 0 when that is unknown.</summary>
    /// <param name="pushed">Up to where events were pushed without a gap.</param>
    /// <param name="head">The head of the stream.</param>
    public static long Lag(StreamPosition? pushed, StreamPosition head) =>
        pushed is { } known && known.IsSameHistoryAs(head) ? Math.Max(0, head.Sequence - known.Sequence) : 0;
}
