using System.Buffers.Text;
using System.Text.Json;

namespace Realtime.Server.Auth;

/// <summary>
/// What a token that the library finds valid must be like besides, so that nobody else can read it differently: three parts in the
/// one spelling that base64url has for them, no header that demands what is not understood (<c>crit</c>), no name twice, a
/// <c>sub</c> that is one string and an <c>exp</c> that is a number. Pure.
/// </summary>
internal static class TokenShape
{
    private const int Parts = 3;
    private const int StackBytes = 1024;
    private const string NotCanonical = "The token is not written in base64url";

    /// <returns>Why the token is refused, or <see langword="null"/>.</returns>
    internal static string? FaultOf(string token)
    {
        Span<Range> parts = stackalloc Range[Parts + 1];
        if (token.AsSpan().Split(parts, '.') != Parts) return "The token is not a signed JWT";
        return FaultOfJson(token.AsSpan(parts[0]), isHeader: true)
            ?? FaultOfJson(token.AsSpan(parts[1]), isHeader: false)
            ?? (IsCanonical(token.AsSpan(parts[2])) ? null : NotCanonical);
    }

    private static string? FaultOfJson(ReadOnlySpan<char> part, bool isHeader)
    {
        if (!TryDecode(part, out byte[] json)) return NotCanonical;
        try
        {
            var reader = new Utf8JsonReader(json);
            return isHeader ? FaultOfHeader(ref reader) : FaultOfClaims(ref reader);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return "The token is not JSON"; // the library's reader is more lenient, with half of a surrogate pair for instance
        }
    }

    private static string? FaultOfHeader(ref Utf8JsonReader reader)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (TryReadMember(ref reader, out string name))
        {
            if (!names.Add(name)) return "The token's header has a name twice";
            if (name == "crit") return "The token's header demands an extension";
            reader.Skip();
        }

        return null;
    }

    private static string? FaultOfClaims(ref Utf8JsonReader reader)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (TryReadMember(ref reader, out string name))
        {
            if (!names.Add(name)) return "The token has a claim twice";
            if (name == TokenClaims.Subject && reader.TokenType != JsonTokenType.String) return "The token's sub is not one string";
            if (name == TokenClaims.Expiry && reader.TokenType != JsonTokenType.Number) return "The token's exp is not a number";
            reader.Skip();
        }

        return null;
    }

    /// <summary>Goes to the value of the object's next member; at the end, to the end of the text.</summary>
    private static bool TryReadMember(ref Utf8JsonReader reader, out string name)
    {
        name = string.Empty;
        if (reader.TokenType == JsonTokenType.None && (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)) throw new JsonException();
        if (!reader.Read() || reader.TokenType == JsonTokenType.EndObject)
        {
            reader.Read(); // throws when something follows
            return false;
        }

        name = reader.GetString()!;
        reader.Read();
        return true;
    }

    private static bool IsCanonical(ReadOnlySpan<char> part) => TryDecode(part, out _);

    /// <summary>Written again it must be the same text: decoders overlook padding, white space and bits that nothing carries.</summary>
    private static bool TryDecode(ReadOnlySpan<char> part, out byte[] bytes)
    {
        bytes = [];
        try
        {
            bytes = Base64Url.DecodeFromChars(part);
        }
        catch (FormatException)
        {
            return false;
        }

        int length = Base64Url.GetEncodedLength(bytes.Length);
        var again = length <= StackBytes ? stackalloc char[length] : new char[length];
        return part.SequenceEqual(again[..Base64Url.EncodeToChars(bytes, again)]);
    }
}
