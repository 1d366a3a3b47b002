using System.Text.Json;
using System.Text.Json.Serialization;

namespace Realtime.Contracts.Serialization;

/// <summary>Times in the wire form of <see cref="EventTime"/>; reads any RFC 3339 time with an offset.</summary>
internal sealed class EventTimeJsonConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Read(ref reader);

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(EventTime.Format(value));

    internal static DateTimeOffset Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            if (IsInWireForm(ref reader) && reader.TryGetDateTimeOffset(out var time)) return time;
            if (EventTime.TryParse(reader.GetString(), out time)) return time;
        }

        throw new JsonException("Not an RFC 3339 time with an offset.");
    }

    /// <summary>Our own times, which is nearly all of them, are read without making a string; whatever else is allowed is left to <see cref="EventTime"/>.</summary>
    private static bool IsInWireForm(ref Utf8JsonReader reader)
    {
        if (reader.HasValueSequence || reader.ValueIsEscaped) return false;
        var text = reader.ValueSpan;
        return text.Length == EventTime.WireLength && text[10] == 'T' && text[19] == '.' && text[EventTime.WireLength - 1] == 'Z';
    }
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
