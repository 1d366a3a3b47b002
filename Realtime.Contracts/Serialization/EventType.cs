using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Realtime.Contracts.Serialization;

/// <summary>A stable name on the wire and the CLR type of its data. Immutable.</summary>
public abstract class EventType
{
    private protected EventType(string name, Type dataType)
    {
        Name = name;
        DataType = dataType;
    }

    /// <summary>Name on the wire, for example <c>agent.step_completed</c>.</summary>
    public string Name { get; }

    /// <summary>CLR type of the data.</summary>
    public Type DataType { get; }

    /// <summary>What is wrong with data that claims to be of this type, or <see langword="null"/>.</summary>
    /// <param name="data">The data; valid JSON.</param>
    public abstract EventDataFault? Check(EventData data);

    /// <summary>Serialises data of this type.</summary>
    /// <param name="data">An instance of <see cref="DataType"/>.</param>
    /// <exception cref="InvalidCastException">The instance is of another type.</exception>
    public abstract EventData Write(object data);

    internal abstract AgentEvent Read(AgentEventEnvelope envelope);

    internal abstract void Accept(IEventTypeVisitor visitor);
}

/// <summary>Gets at the CLR type of an event type as a type parameter, which reflection would only do where code can be made at run time.</summary>
internal interface IEventTypeVisitor
{
    void Visit<T>()
        where T : class;
}

internal sealed class EventType<T>(string name, JsonTypeInfo<T> typeInfo) : EventType(name, typeof(T))
    where T : class
{
    public override EventDataFault? Check(EventData data)
    {
        var (value, fault) = TryRead(data);
        return fault ?? (value as ICheckedEventData)?.Check();
    }

    public override EventData Write(object data) => EventData.From((T)data, typeInfo);

    internal override AgentEvent Read(AgentEventEnvelope envelope)
    {
        var (value, fault) = TryRead(envelope.Data);
        return value is null
            ? new AgentEvent(envelope) { ReadFault = fault!.Field.Length == 0 ? $"data {fault.Problem}" : $"data.{fault.Field} {fault.Problem}" }
            : new AgentEvent<T>(envelope, value);
    }

    internal override void Accept(IEventTypeVisitor visitor) => visitor.Visit<T>();

    private (T? Value, EventDataFault? Fault) TryRead(EventData data)
    {
        try
        {
            var value = JsonSerializer.Deserialize(data.Utf8.Span, typeInfo);
            return value is null ? (null, new EventDataFault(string.Empty, "must be an object")) : (value, null);
        }
        catch (JsonException fault)
        {
            return (null, FindMissing(data) ?? Describe(fault));
        }
    }

    /// <summary>The serializer names all missing members in one sentence; we name the first as a field.</summary>
    private EventDataFault? FindMissing(EventData data)
    {
        try
        {
            using var document = JsonDocument.Parse(data.Utf8);
            if (document.RootElement.ValueKind != JsonValueKind.Object) return new EventDataFault(string.Empty, "must be an object");
            foreach (var property in typeInfo.Properties)
            {
                if (property.IsRequired && !document.RootElement.TryGetProperty(property.Name, out _))
                    return new EventDataFault(property.Name, "is missing");
            }

            return null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return null; // nested too deep, or a name that is no text: the serializer has said so already
        }
    }

    private static EventDataFault Describe(JsonException fault)
    {
        string field = fault.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal) ? path.Substring(2) : string.Empty;
        string problem = fault.Message;
        int where = problem.IndexOf(" Path: ", StringComparison.Ordinal);
        return new EventDataFault(field, "is invalid: " + (where > 0 ? problem.Substring(0, where) : problem));
    }
}
