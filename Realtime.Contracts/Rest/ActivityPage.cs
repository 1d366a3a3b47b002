namespace Realtime.Contracts.Rest;

/// <summary>Answer of <c>GET /api/v1/agents/activity</c>.</summary>
public sealed record ActivityPage
{
    /// <summary>The events, newest first.</summary>
    public required IReadOnlyList<AgentEventEnvelope> Events { get; init; }

    /// <summary>What to pass as <c>before</c> for the next page; absent when there is none.</summary>
    public StreamPosition? Next { get; init; }

    /// <summary>Whether there are older events.</summary>
    public required bool HasMore { get; init; }
}
