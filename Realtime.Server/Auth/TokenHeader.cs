using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Realtime.Server.Auth;

/// <summary>Reads what a token's header says, before anybody has validated it: a hint, never a reason to trust.</summary>
internal static class TokenHeader
{
    /// <summary>Real headers have some 100 characters; longer ones are left to validation.</summary>
    private const int MaxLength = 1024;

    /// <summary>The <c>kid</c>; <see langword="null"/> when there is none, or nothing that can be read.</summary>
    public static string? KeyIdOf(string token)
    {
        int end = token.IndexOf('.', StringComparison.Ordinal);
        if (end is <= 0 or > MaxLength) return null;

        Span<byte> base64 = stackalloc byte[MaxLength];
        Span<byte> json = stackalloc byte[MaxLength];
        if (Encoding.UTF8.GetByteCount(token.AsSpan(0, end)) != end) return null; // not ASCII
        Encoding.UTF8.GetBytes(token.AsSpan(0, end), base64);
        try
        {
            return Base64Url.TryDecodeFromUtf8(base64[..end], json, out int length) ? Read(new Utf8JsonReader(json[..length])) : null;
        }
        catch (Exception malformed) when (malformed is FormatException or JsonException or InvalidOperationException)
        {
            return null; // not base64url, not JSON, or a name that is not text: validation says what is wrong with it
        }
    }

    private static string? Read(Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isKeyId = reader.ValueTextEquals("kid"u8);
            reader.Read();
            if (isKeyId) return reader.TokenType == JsonTokenType.String && reader.GetString() is { Length: > 0 } keyId ? keyId : null;
            reader.Skip();
        }

        return null;
    }
}
