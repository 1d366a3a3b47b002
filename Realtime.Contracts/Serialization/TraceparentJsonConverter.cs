using System.Text.Json;
using System.Text.Json.Serialization;

namespace Realtime.Contracts.Serialization;

/// <summary>
/// The trace context of an envelope. Whatever is not one counts as absent: it is for diagnosis, and must never be the reason why an
/// event cannot be read.
/// </summary>
internal sealed class TraceparentJsonConverter : JsonConverter<string?>
{
    /// <summary>Characters of <c>00-{trace id}-{span id}-{flags}</c>.</summary>
    private const int Length = 55;

    public override bool HandleNull => true;

    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Read(ref reader);

    public override void Write(Utf8JsonWriter writer, string? value, JsonSerializerOptions options) => writer.WriteStringValue(value);

    internal static string? Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray) reader.TrySkip(); // what a converter reads is there as a whole
        if (reader.TokenType != JsonTokenType.String || reader.HasValueSequence || reader.ValueIsEscaped) return null;
        return IsTraceparent(reader.ValueSpan) ? reader.GetString() : null;
    }

    /// <summary>Version 00 of the W3C recommendation, the only one there is: lower-case hexadecimal digits in fixed places.</summary>
    private static bool IsTraceparent(ReadOnlySpan<byte> text)
    {
        if (text.Length != Length || text[0] != '0' || text[1] != '0') return false;
        for (int i = 2; i < Length; i++)
        {
            bool isDash = i is 2 or 35 or 52;
            if (isDash ? text[i] != '-' : !IsDigit(text[i])) return false;
        }

        return true;
    }

    private static bool IsDigit(byte c) => c is >= (byte)'0' and <= (byte)'9' or >= (byte)'a' and <= (byte)'f';
}
