using System.Text.Json;
using System.Text.Json.Serialization;

namespace Realtime.Contracts.Serialization;

/// <summary>Passes the bytes of <see cref="EventData"/> through: neither direction re-serialises them. Public so that the source-generated JSON of other packages can use it.</summary>
public sealed class EventDataJsonConverter : JsonConverter<EventData>
{
    /// <inheritdoc/>
    public override bool HandleNull => true;

    /// <inheritdoc/>
    public override EventData Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return EventData.From(document.RootElement);
    }

    /// <inheritdoc/>
    // The store holds only validated JSON, so it is not validated again for every push.
    public override void Write(Utf8JsonWriter writer, EventData value, JsonSerializerOptions options) =>
        writer.WriteRawValue(value.Utf8.Span, skipInputValidation: true);
}
