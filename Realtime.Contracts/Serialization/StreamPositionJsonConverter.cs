using System.Text.Json;
using System.Text.Json.Serialization;

namespace Realtime.Contracts.Serialization;

/// <summary>Positions as strings. Public so that the source-generated JSON of other packages can use it.</summary>
public sealed class StreamPositionJsonConverter : JsonConverter<StreamPosition>
{
    /// <inheritdoc/>
    public override StreamPosition Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Read(ref reader);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, StreamPosition value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());

    internal static StreamPosition Read(ref Utf8JsonReader reader)
    {
        StreamPosition position = default;
        bool isPosition = reader.TokenType == JsonTokenType.String
            && (reader.HasValueSequence || reader.ValueIsEscaped
                ? StreamPosition.TryParse(reader.GetString(), out position)
                : StreamPosition.TryParse(reader.ValueSpan, out position));
        return isPosition ? position : throw new JsonException("Not a position such as \"k3f9.42\".");
    }
}
