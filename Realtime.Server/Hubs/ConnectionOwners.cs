using System.Collections.Concurrent;

namespace Realtime.Server.Hubs;

/// <summary>
/// Whose connections are joined, by the connection token that negotiation gave out. Long polling and server-sent events send
/// it with each request, and SignalR itself lets anybody with a valid token of his own go on with a connection of another
/// user. Thread-safe.
/// </summary>
internal sealed class ConnectionOwners
{
    private readonly ConcurrentDictionary<string, string> _userByToken = new(StringComparer.Ordinal);

    public void Add(string? token, string userId)
    {
        if (token is not null) _userByToken[token] = userId;
    }

    public void Remove(string? token)
    {
        if (token is not null) _userByToken.TryRemove(token, out _);
    }

    /// <summary>Whether a connection of this token has joined and is still here.</summary>
    public bool IsJoined(string? token) => token is not null && _userByToken.ContainsKey(token);

    /// <summary>Whether a user may go on with a connection; one that nobody has joined is anybody's.</summary>
    public bool MayUse(string? token, string userId) =>
        token is null || !_userByToken.TryGetValue(token, out string? owner) || owner == userId;
}
