namespace Realtime.Contracts.Rest;

/// <summary>Body of <c>PUT /api/v1/agents/brake</c>.</summary>
public sealed record BrakeChange
{
    /// <summary>Whether agents must halt.</summary>
    public required bool Engaged { get; init; }

    /// <summary>Why; at most 500 characters.</summary>
    public string? Reason { get; init; }
}
