using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Realtime.Contracts.Serialization;

namespace Realtime.Contracts;

/// <summary>
/// The <c>data</c> of an event as the bytes that the publisher sent: it is stored, pushed and replayed without being
/// re-serialised, so it stays byte-identical on every way to the client. Immutable; <c>default</c> is JSON <c>null</c>.
/// </summary>
[JsonConverter(typeof(EventDataJsonConverter))]
public readonly struct EventData : IEquatable<EventData>
{
    private static readonly byte[] NullLiteral = "null"u8.ToArray();
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ReadOnlyMemory<byte> _utf8;

    private EventData(ReadOnlyMemory<byte> utf8) => _utf8 = utf8;

    /// <summary>The JSON text as UTF-8 bytes.</summary>
    public ReadOnlyMemory<byte> Utf8 => _utf8.IsEmpty ? NullLiteral : _utf8;

    /// <summary>Takes bytes that are known to be one valid JSON value, for example as read from the store. Not checked, not copied.</summary>
    /// <param name="utf8">JSON text as UTF-8; the caller does not change it afterwards.</param>
    public static EventData FromTrustedUtf8(ReadOnlyMemory<byte> utf8) => new(utf8);

    /// <summary>Takes one JSON value as text.</summary>
    /// <param name="json">JSON text.</param>
    /// <exception cref="JsonException">The text is not exactly one JSON value.</exception>
    /// <exception cref="EncoderFallbackException">The text holds half of a surrogate pair.</exception>
    public static EventData Parse(string json)
    {
        byte[] utf8 = StrictUtf8.GetBytes(json ?? throw new ArgumentNullException(nameof(json)));
        using var document = JsonDocument.Parse(utf8);
        return new EventData(utf8);
    }

    /// <summary>Takes one JSON value out of a parsed document, byte for byte.</summary>
    /// <param name="element">The value.</param>
    public static EventData From(JsonElement element) => new(JsonMarshal.GetRawUtf8Value(element).ToArray());

    /// <summary>Serialises a value.</summary>
    /// <typeparam name="T">Type of the value.</typeparam>
    /// <param name="value">The value.</param>
    /// <param name="typeInfo">Source-generated description of the type.</param>
    public static EventData From<T>(T value, JsonTypeInfo<T> typeInfo) => new(JsonSerializer.SerializeToUtf8Bytes(value, typeInfo));

    /// <summary>Parses the data into an element that owns its memory.</summary>
    /// <exception cref="JsonException">The bytes are not one JSON value.</exception>
    public JsonElement ToJsonElement()
    {
        using var document = JsonDocument.Parse(Utf8);
        return document.RootElement.Clone();
    }

    /// <summary>The JSON text.</summary>
    public override string ToString() => StrictUtf8.GetString(Utf8.ToArray());

    /// <summary>Whether both are the same bytes.</summary>
    /// <param name="other">The data to compare with.</param>
    public bool Equals(EventData other) => Utf8.Span.SequenceEqual(other.Utf8.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is EventData other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var bytes = Utf8.Span;
        int hash = bytes.Length;
        foreach (byte b in bytes.Slice(0, Math.Min(bytes.Length, 64))) hash = unchecked(hash * 31 + b);
        return hash;
    }

    /// <summary>Whether both are the same bytes.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator ==(EventData left, EventData right) => left.Equals(right);

    /// <summary>Whether the bytes differ.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator !=(EventData left, EventData right) => !left.Equals(right);
}
