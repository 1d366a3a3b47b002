using System.Security.Cryptography;

namespace Realtime.Server.FanOut;

/// <summary>
/// Signs what nodes send one another, and tells what is genuine: HMAC-SHA256, cut to 128 bits, over everything before it. The key
/// is derived for this purpose alone, so that the secret may serve others too. Allocates nothing. Thread-safe.
/// </summary>
internal sealed class ShardSeal
{
    /// <summary>Bytes at the end of a message.</summary>
    internal const int Length = 16;

    private readonly byte[][] _keys;

    /// <param name="secrets">The first one signs; all are accepted, so that one can follow the other.</param>
    internal ShardSeal(IEnumerable<byte[]> secrets) =>
        _keys = [.. secrets.Select(secret => HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, HMACSHA256.HashSizeInBytes, info: "realtime/backplane/push"u8.ToArray()))];

    /// <summary>Fills the end of a message.</summary>
    internal void Sign(Span<byte> message)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_keys[0], message[..^Length], hash);
        hash[..Length].CopyTo(message[^Length..]);
    }

    /// <summary>Whether somebody who has one of the secrets signed this message.</summary>
    internal bool IsGenuine(ReadOnlySpan<byte> message)
    {
        if (message.Length < Length) return false;
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        foreach (byte[] key in _keys)
        {
            HMACSHA256.HashData(key, message[..^Length], hash);
            if (CryptographicOperations.FixedTimeEquals(hash[..Length], message[^Length..])) return true;
        }

        return false;
    }
}
