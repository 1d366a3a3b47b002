namespace Realtime.Contracts.Rest;

/// <summary>Answer of <c>GET /api/v1/agents/events</c>; all members were read in one snapshot.</summary>
public sealed record EventPage
{
    /// <summary>The events, oldest first, without a gap.</summary>
    public required IReadOnlyList<AgentEventEnvelope> Events { get; init; }

    /// <summary>What to pass as <c>after</c> for the next page.</summary>
    public required StreamPosition Next { get; init; }

    /// <summary>Position of the newest committed event.</summary>
    public required StreamPosition Head { get; init; }

    /// <summary>Position of the oldest retained event; head + 1 when nothing is retained.</summary>
    public required StreamPosition Oldest { get; init; }

    /// <summary>Whether <see cref="Next"/> is before <see cref="Head"/>.</summary>
    public required bool HasMore { get; init; }

    /// <summary>Whether the question covered events that are no longer retained.</summary>
    public required bool Truncated { get; init; }
}
