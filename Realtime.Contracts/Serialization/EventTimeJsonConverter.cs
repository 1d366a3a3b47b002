using System.Text.Json;
using System.Text.Json.Serialization;

namespace Realtime.Contracts.Serialization;

/// <summary>Times in the wire form of <see cref="EventTime"/>; reads any RFC 3339 time with an offset.</summary>
internal sealed class EventTimeJsonConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && EventTime.TryParse(reader.GetString(), out var time)
            ? time
            : throw new JsonException("Not an RFC 3339 time with an offset.");

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(EventTime.Format(value));
}

/// <summary>The same for times that may be absent.</summary>
internal sealed class NullableEventTimeJsonConverter : JsonConverter<DateTimeOffset?>
{
    private static readonly EventTimeJsonConverter Inner = new();

    public override DateTimeOffset? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Null ? null : Inner.Read(ref reader, typeof(DateTimeOffset), options);

    public override void Write(Utf8JsonWriter writer, DateTimeOffset? value, JsonSerializerOptions options)
    {
        if (value is { } time) Inner.Write(writer, time, options);
        else writer.WriteNullValue();
    }
}
