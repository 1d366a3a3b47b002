using System.Text.Json.Serialization;
using Realtime.Contracts.Serialization;

namespace Realtime.Contracts;

/// <summary>An event as it travels: the same JSON on the hub, over REST and as a server-sent event.</summary>
public sealed record AgentEventEnvelope
{
    /// <summary>Name of the event type, for example <c>agent.step_completed</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Identity given by the publisher; unique per user for as long as the event is retained.</summary>
    public required Guid Id { get; init; }

    /// <summary>Place of the event in its user's stream.</summary>
    public required StreamPosition Position { get; init; }

    /// <summary>The store's clock at append, in whole microseconds; strictly increasing within a stream.</summary>
    [JsonConverter(typeof(EventTimeJsonConverter))]
    public required DateTimeOffset Time { get; init; }

    /// <summary>What happened, as the publisher's own bytes.</summary>
    public EventData Data { get; init; }

    /// <summary>
    /// W3C trace context of the publish, <c>00-{trace id}-{span id}-{flags}</c>: only of one that was sampled, otherwise absent and without
    /// a byte on the wire. The same on push, REST and replay.
    /// </summary>
    [JsonConverter(typeof(TraceparentJsonConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] // here too: the hub's own serialiser has other options
    public string? Traceparent { get; init; }
}
