namespace Realtime.Contracts.Events;

/// <summary>Data of <c>agent.brake_changed</c>: the user's emergency brake was pulled or released.</summary>
public sealed record AgentBrakeChanged
{
    /// <summary>Name of the event type on the wire.</summary>
    public const string TypeName = "agent.brake_changed";

    /// <summary>Whether agents must halt.</summary>
    public required bool Engaged { get; init; }

    /// <summary>Why, in the words of who changed it.</summary>
    public string? Reason { get; init; }

    /// <summary>Who changed it.</summary>
    public required string ChangedBy { get; init; }
}
