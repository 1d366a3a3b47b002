namespace Realtime.Contracts.Rest;

/// <summary>Body of <c>POST /api/v1/agents/events</c>, or one item of it.</summary>
public sealed record PublishRequest
{
    /// <summary>Whose stream the event goes to.</summary>
    public required string UserId { get; init; }

    /// <summary>Name of a registered event type.</summary>
    public required string Type { get; init; }

    /// <summary>Identity for idempotence: the same id again is the same event. Made by the server when absent.</summary>
    public Guid? Id { get; init; }

    /// <summary>What happened; at most 64 KB of UTF-8.</summary>
    public required EventData Data { get; init; }
}
