namespace Realtime.Contracts;

/// <summary>An event as an application sees it. Events of a registered type arrive as <see cref="AgentEvent{T}"/>.</summary>
public record AgentEvent
{
    /// <summary>Wraps an envelope whose data stays raw.</summary>
    /// <param name="envelope">The event as it travelled.</param>
    public AgentEvent(AgentEventEnvelope envelope) => Envelope = envelope ?? throw new ArgumentNullException(nameof(envelope));

    /// <summary>The event as it travelled.</summary>
    public AgentEventEnvelope Envelope { get; }

    /// <summary>Name of the event type, for example <c>agent.step_completed</c>.</summary>
    public string Type => Envelope.Type;

    /// <summary>Identity given by the publisher.</summary>
    public Guid Id => Envelope.Id;

    /// <summary>Place of the event in its user's stream.</summary>
    public StreamPosition Position => Envelope.Position;

    /// <summary>The store's clock at append.</summary>
    public DateTimeOffset Time => Envelope.Time;

    /// <summary>The data as the publisher's own bytes.</summary>
    public EventData RawData => Envelope.Data;

    /// <summary>W3C trace context of the publish, when it was sampled; see <see cref="AgentEventEnvelope.Traceparent"/>.</summary>
    public string? Traceparent => Envelope.Traceparent;

    /// <summary>Why data of a registered type could not be read; <see langword="null"/> when it was read, or when the type is unknown here.</summary>
    public string? ReadFault { get; init; }
}

/// <summary>An event of a registered type with its data read.</summary>
/// <typeparam name="T">CLR type of the data.</typeparam>
public sealed record AgentEvent<T> : AgentEvent
    where T : class
{
    /// <summary>Joins an envelope and its data.</summary>
    /// <param name="envelope">The event as it travelled.</param>
    /// <param name="data">Its data, read.</param>
    public AgentEvent(AgentEventEnvelope envelope, T data)
        : base(envelope) => Data = data ?? throw new ArgumentNullException(nameof(data));

    /// <summary>What happened.</summary>
    public T Data { get; }
}
