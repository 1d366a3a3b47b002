using System.Text.Json;
using System.Text.Json.Serialization;
using Realtime.Contracts.Events;

namespace Realtime.Contracts.Serialization;

/// <summary>
/// Envelopes, read and written by hand: the same JSON as the source-generated one, which boxes every member on its way into an
/// <c>init</c> property. For whoever reads many; put it into <see cref="JsonSerializerOptions.Converters"/>. Thread-safe.
/// </summary>
public sealed class AgentEventEnvelopeJsonConverter : JsonConverter<AgentEventEnvelope>
{
    private static readonly EventDataJsonConverter Data = new();

    /// <inheritdoc/>
    public override AgentEventEnvelope Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException("An event is an object.");
        string? type = null;
        Guid? id = null;
        StreamPosition? position = null;
        DateTimeOffset? time = null;
        EventData data = default;
        string? traceparent = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (TryPass(ref reader, "type"u8)) type = ReadType(ref reader);
            else if (TryPass(ref reader, "id"u8)) id = ReadId(ref reader);
            else if (TryPass(ref reader, "position"u8)) position = StreamPositionJsonConverter.Read(ref reader);
            else if (TryPass(ref reader, "time"u8)) time = EventTimeJsonConverter.Read(ref reader);
            else if (TryPass(ref reader, "data"u8)) data = Data.Read(ref reader, typeof(EventData), options);
            else if (TryPass(ref reader, "traceparent"u8)) traceparent = TraceparentJsonConverter.Read(ref reader);
            else PassUnknown(ref reader);
        }

        return new AgentEventEnvelope
        {
            Type = type ?? throw Missing("type"),
            Id = id ?? throw Missing("id"),
            Position = position ?? throw Missing("position"),
            Time = time ?? throw Missing("time"),
            Data = data,
            Traceparent = traceparent,
        };
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, AgentEventEnvelope value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, value.Type);
        writer.WriteString("id"u8, value.Id);
        writer.WriteString("position"u8, value.Position.ToString());
        writer.WriteString("time"u8, EventTime.Format(value.Time));
        writer.WritePropertyName("data"u8);
        Data.Write(writer, value.Data, options);
        if (value.Traceparent is { } traceparent) writer.WriteString("traceparent"u8, traceparent);
        writer.WriteEndObject();
    }

    private static bool TryPass(ref Utf8JsonReader reader, ReadOnlySpan<byte> name) => reader.ValueTextEquals(name) && reader.Read();

    private static void PassUnknown(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.TrySkip(); // what a converter reads is there as a whole
    }

    private static string? ReadType(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.Null => null,
        not JsonTokenType.String => throw new JsonException("A type is a string."),
        _ when reader.ValueTextEquals(AgentStepCompleted.TypeName) => AgentStepCompleted.TypeName,
        _ when reader.ValueTextEquals(AgentBrakeChanged.TypeName) => AgentBrakeChanged.TypeName,
        _ when reader.ValueTextEquals(BriefingDelivered.TypeName) => BriefingDelivered.TypeName,
        _ => reader.GetString(),
    };

    private static Guid ReadId(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String && reader.TryGetGuid(out var id) ? id : throw new JsonException("An id is a UUID.");

    private static JsonException Missing(string member) => new($"An event without '{member}'.");
}
