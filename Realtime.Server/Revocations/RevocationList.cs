using System.Collections.Concurrent;
using System.Security.Claims;
using Realtime.Server.Auth;

namespace Realtime.Server.Revocations;

/// <summary>
/// This node's copy of what is revoked. Asked for every request, without a lock, and while nothing is revoked without looking
/// at the token. Written by <see cref="RevocationRefresh"/> only, one call at a time; read by everybody.
/// </summary>
internal sealed class RevocationList
{
    private volatile Entries? _entries;

    /// <summary>Whether the table was read at all; before, nobody can be let in. A copy that could not be refreshed stays valid.</summary>
    public bool IsLoaded => _entries is not null;

    public bool IsRevoked(ClaimsPrincipal user) =>
        _entries is { IsEmpty: false } entries && entries.Hold(TokenClaims.UserIdOf(user), TokenClaims.IdOf(user), TokenClaims.IssuedAtOf(user));

    public bool IsRevoked(string userId, Admission token) =>
        _entries is { IsEmpty: false } entries && entries.Hold(userId, token.TokenId, token.IssuedAt);

    /// <summary>Replaces the whole copy.</summary>
    public void Replace(IEnumerable<RevocationEntry> all)
    {
        var entries = new Entries();
        foreach (var entry in all) entries.Apply(entry);
        entries.Settle();
        _entries = entries;
    }

    /// <summary>Applies what has changed since; the copy must have been loaded.</summary>
    public void Apply(IEnumerable<RevocationEntry> changed)
    {
        var entries = _entries ?? throw new InvalidOperationException("Changes of a copy that was never loaded.");
        foreach (var entry in changed) entries.Apply(entry);
        entries.Settle();
    }

    private sealed class Entries
    {
        private readonly ConcurrentDictionary<string, bool> _tokens = new(StringComparer.Ordinal);
        private readonly ConcurrentDictionary<string, long> _users = new(StringComparer.Ordinal);
        private volatile bool _isEmpty = true;

        public bool IsEmpty => _isEmpty;

        /// <summary>A token that does not say when it was issued may be as old as any.</summary>
        public bool Hold(string userId, string? tokenId, long? issuedAt) =>
            (tokenId is not null && _tokens.ContainsKey(tokenId))
            || (_users.TryGetValue(userId, out long issuedBefore) && (issuedAt is not { } time || time < issuedBefore));

        public void Apply(RevocationEntry entry)
        {
            switch (entry)
            {
                case { Kind: RevocationKind.Token, IsWithdrawn: true }:
                    _tokens.TryRemove(entry.Subject, out _);
                    break;
                case { Kind: RevocationKind.Token }:
                    _tokens[entry.Subject] = true;
                    break;
                case { Kind: RevocationKind.User, IsWithdrawn: true }:
                    _users.TryRemove(entry.Subject, out _);
                    break;
                case { Kind: RevocationKind.User, IssuedBefore: { } issuedBefore }:
                    _users[entry.Subject] = issuedBefore;
                    break;
            }
        }

        /// <summary>After the entries, so that whoever sees "not empty" finds them.</summary>
        public void Settle() => _isEmpty = _tokens.IsEmpty && _users.IsEmpty;
    }
}
