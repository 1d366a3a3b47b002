using System.Security.Cryptography;

namespace Realtime.Server.FanOut;

/// <summary>
/// Signs what nodes send one another, and tells what is genuine: HMAC-SHA256, cut to 128 bits, over everything before it. The key
/// is derived for this purpose alone, so that the secret may serve others too. Allocates nothing per message. Thread-safe.
/// </summary>
internal sealed class ShardSeal
{
    /// <summary>Bytes at the end of a message.</summary>
    internal const int Length = 16;

    /// <summary>Per key and thread: setting up a keyed hash takes as long as hashing an event. Nobody disposes them: a push may be under way, and they end with the seal.</summary>
    private readonly ThreadLocal<IncrementalHash>[] _hashes;

    /// <param name="secrets">The first one signs; all are accepted, so that one can follow the other.</param>
    internal ShardSeal(IEnumerable<byte[]> secrets) => _hashes = [.. secrets.Select(Keyed)];

    /// <summary>Fills the end of a message.</summary>
    internal void Sign(Span<byte> message)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Compute(_hashes[0], message, hash);
        hash[..Length].CopyTo(message[^Length..]);
    }

    /// <summary>Whether somebody who has one of the secrets signed this message.</summary>
    internal bool IsGenuine(ReadOnlySpan<byte> message)
    {
        if (message.Length < Length) return false;
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        foreach (var keyed in _hashes)
        {
            Compute(keyed, message, hash);
            if (CryptographicOperations.FixedTimeEquals(hash[..Length], message[^Length..])) return true;
        }

        return false;
    }

    private static void Compute(ThreadLocal<IncrementalHash> keyed, ReadOnlySpan<byte> message, Span<byte> hash)
    {
        var ofThisThread = keyed.Value!;
        ofThisThread.AppendData(message[..^Length]);
        ofThisThread.GetHashAndReset(hash);
    }

    private static ThreadLocal<IncrementalHash> Keyed(byte[] secret)
    {
        byte[] key = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, HMACSHA256.HashSizeInBytes, info: "realtime/backplane/push"u8.ToArray());
        return new(() => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key));
    }
}
