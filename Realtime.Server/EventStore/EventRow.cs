using Realtime.Contracts;

namespace Realtime.Server.EventStore;

/// <summary>One stored event as a query returns it; the columns carry these names.</summary>
internal sealed class EventRow
{
    public long Sequence { get; init; }

    public string Id { get; init; } = string.Empty;

    public string Type { get; init; } = string.Empty;

    public long Micros { get; init; }

    public byte[] Data { get; init; } = [];

    public string? Traceparent { get; init; }

    public AgentEventEnvelope ToEnvelope(StreamPosition head) => new()
    {
        Type = Type,
        Id = Guid.ParseExact(Id, "D"),
        Position = head.At(Sequence),
        Time = StoreTime.FromMicros(Micros),
        Data = EventData.FromTrustedUtf8(Data),
        Traceparent = Traceparent,
    };
}
