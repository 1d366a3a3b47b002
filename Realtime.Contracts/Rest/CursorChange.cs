namespace Realtime.Contracts.Rest;

/// <summary>Body of <c>PUT /api/v1/agents/cursors/{consumer}</c>.</summary>
public sealed record CursorChange
{
    /// <summary>What the consumer has processed.</summary>
    public required StreamPosition Position { get; init; }
}
