namespace Realtime.Client.Connection;

/// <summary>Asks the application for tokens and remembers the one of the last handshake, to tell a stale token from a bad one. Thread-safe.</summary>
internal sealed class TokenSource(Func<CancellationToken, ValueTask<string>> provider)
{
    private volatile string? _handshakeToken;

    /// <summary>The token of the last handshake.</summary>
    public string? HandshakeToken => _handshakeToken;

    public async Task<string> GetAsync(CancellationToken cancellationToken)
    {
        string token = await provider(cancellationToken).AsTask().OrCancelled(cancellationToken).ConfigureAwait(false);
        return string.IsNullOrEmpty(token) ? throw new RealtimeException("The access token provider returned no token.") : token;
    }

    public async Task<string> GetForHandshakeAsync(CancellationToken cancellationToken)
    {
        _handshakeToken = null;
        string token = await GetAsync(cancellationToken).ConfigureAwait(false);
        _handshakeToken = token;
        return token;
    }

    /// <summary>The connection goes on under another token.</summary>
    public void Renewed(string token) => _handshakeToken = token;
}
