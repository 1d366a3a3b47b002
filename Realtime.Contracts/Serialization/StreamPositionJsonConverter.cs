using System.Text.Json;
using System.Text.Json.Serialization;

namespace Realtime.Contracts.Serialization;

/// <summary>Positions as strings.</summary>
internal sealed class StreamPositionJsonConverter : JsonConverter<StreamPosition>
{
    public override StreamPosition Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && StreamPosition.TryParse(reader.GetString(), out var position)
            ? position
            : throw new JsonException("Not a position such as \"k3f9.42\".");

    public override void Write(Utf8JsonWriter writer, StreamPosition value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
