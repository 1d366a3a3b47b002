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

    /// <summary>From where to push what is missing; <see langword="null"/> when the head is announced instead.</summary>
    /// <param name="pushed">Up to where events were pushed without a gap.</param>
    /// <param name="head">The head of the stream.</param>
    public static StreamPosition? PushFrom(StreamPosition? pushed, StreamPosition head) =>
        // Without a beginning (nobody's head could be read yet), in another history, or far behind: the clients fetch.
        pushed is { } known && known.IsSameHistoryAs(head) && head.Sequence - known.Sequence <= MaxPushed ? known : null;
}
