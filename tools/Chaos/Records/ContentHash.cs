using System.Security.Cryptography;

namespace Realtime.Chaos.Records;

/// <summary>Names an event's data: the first 64 bits of SHA-256 over its bytes, in lower-case hexadecimal.</summary>
static class ContentHash
{
    internal static string Of(ReadOnlySpan<byte> data) => Convert.ToHexStringLower(SHA256.HashData(data).AsSpan(0, 8));
}
