using Microsoft.AspNetCore.SignalR;

namespace Realtime.Server.FanOut;

/// <summary>What one node has to tell the others: the group, which event it is (none for heads), and the hub message as each protocol writes it.</summary>
internal sealed record ShardPush(string Group, EventMark? Mark, IReadOnlyList<SerializedMessage> Forms)
{
    /// <summary>Bytes of its hub messages.</summary>
    public int Length { get; } = Forms.Sum(form => form.Serialized.Length);
}
