using System.Collections.Concurrent;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;

namespace Realtime.Server.Auth;

/// <summary>
/// Tokens that were validated a moment ago, so that a publisher's thousandth request costs a hash and not a signature check.
/// Keyed by SHA-256, so no token is kept; bounded; an entry ends with its token, and after <see cref="LongestStay"/> in any
/// case. Thread-safe.
/// </summary>
internal sealed class ValidatedTokens(TimeProvider time)
{
    /// <summary>Most tokens of one generation; two generations are kept.</summary>
    internal const int Capacity = 10_000;

    /// <summary>How long an entry counts at most.</summary>
    internal static readonly TimeSpan LongestStay = TimeSpan.FromMinutes(5);

    private const int StackBytes = 4096;
    private readonly Lock _turning = new();
    private volatile ConcurrentDictionary<Key, ValidatedToken> _young = new();
    private volatile ConcurrentDictionary<Key, ValidatedToken> _old = new();

    /// <summary>What the token was found to be; <see langword="null"/> when it must be validated again.</summary>
    public ValidatedToken? Find(string token)
    {
        var key = Key.Of(token);
        if (!_young.TryGetValue(key, out var entry))
        {
            if (!_old.TryGetValue(key, out entry)) return null;
            Add(key, entry);
        }

        return time.GetUtcNow() < entry.GoodUntil ? entry : null;
    }

    /// <summary>Notes a token that was validated just now.</summary>
    /// <param name="token">The token.</param>
    /// <param name="user">Whom it names; shared by all its requests from now on.</param>
    /// <param name="expiresAt">Its <c>exp</c>.</param>
    /// <param name="clockSkew">For how long after that validation lets it in.</param>
    public void Add(string token, ClaimsPrincipal user, DateTimeOffset expiresAt, TimeSpan clockSkew)
    {
        var latest = time.GetUtcNow() + LongestStay;
        var end = expiresAt + clockSkew;
        Add(Key.Of(token), new ValidatedToken(user, expiresAt, end < latest ? end : latest));
    }

    /// <summary>Forgets all of them: what made them valid has changed.</summary>
    public void Clear()
    {
        lock (_turning)
        {
            _old = new ConcurrentDictionary<Key, ValidatedToken>();
            _young = new ConcurrentDictionary<Key, ValidatedToken>();
        }
    }

    /// <summary>A full generation makes room for the next; what is in use moves along, the rest is forgotten one turn later.</summary>
    private void Add(Key key, ValidatedToken entry)
    {
        _young[key] = entry;
        if (_young.Count < Capacity) return;
        lock (_turning)
        {
            if (_young.Count < Capacity) return;
            _old = _young;
            _young = new ConcurrentDictionary<Key, ValidatedToken>();
        }
    }

    private readonly record struct Key(long A, long B, long C, long D)
    {
        internal static Key Of(string token)
        {
            int most = Encoding.UTF8.GetMaxByteCount(token.Length);
            var bytes = most <= StackBytes ? stackalloc byte[most] : new byte[most];
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(bytes[..Encoding.UTF8.GetBytes(token, bytes)], hash);
            return new Key(BitConverter.ToInt64(hash), BitConverter.ToInt64(hash[8..]), BitConverter.ToInt64(hash[16..]), BitConverter.ToInt64(hash[24..]));
        }
    }
}

/// <summary>A token that was validated.</summary>
/// <param name="User">Whom it names.</param>
/// <param name="ExpiresAt">Its <c>exp</c>.</param>
/// <param name="GoodUntil">Until when this need not be looked at again.</param>
internal sealed record ValidatedToken(ClaimsPrincipal User, DateTimeOffset ExpiresAt, DateTimeOffset GoodUntil);
