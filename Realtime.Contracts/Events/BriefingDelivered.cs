using Realtime.Contracts.Serialization;

namespace Realtime.Contracts.Events;

/// <summary>Data of <c>briefing.delivered</c>: a briefing has reached the user.</summary>
public sealed record BriefingDelivered : ICheckedEventData
{
    /// <summary>Name of the event type on the wire.</summary>
    public const string TypeName = "briefing.delivered";

    /// <summary>Identity of the briefing.</summary>
    public required string BriefingId { get; init; }

    /// <summary>Its title.</summary>
    public required string Title { get; init; }

    /// <summary>How it was delivered, for example <c>email</c>.</summary>
    public required string Channel { get; init; }

    /// <summary>How many items it holds, at least 0.</summary>
    public required int ItemCount { get; init; }

    EventDataFault? ICheckedEventData.Check() => ItemCount < 0 ? new("itemCount", "must not be negative") : null;
}
