namespace Realtime.Contracts.Hub;

/// <summary>What a connected client calls on the server.</summary>
public interface IAgentHub
{
    /// <summary>
    /// The head of the caller's stream, read after the connection has joined its group: what is pushed later is above it,
    /// what is not above it can be fetched. Fails with <see cref="HubErrors.StoreUnavailable"/> within 2 s while the store is away.
    /// </summary>
    Task<StreamPosition> GetHead();

    /// <summary>
    /// Extends the connection by a fresh token of the same user. Fails with <see cref="HubErrors.InvalidToken"/> or, when the token cannot
    /// be judged now, <see cref="HubErrors.AuthorityUnavailable"/>, and the connection stays; with <see cref="HubErrors.UserChanged"/> it is ended.
    /// </summary>
    /// <param name="accessToken">A valid token.</param>
    /// <returns>Seconds until the connection's expiry, never earlier than before.</returns>
    Task<double> RenewToken(string accessToken);

    /// <summary>Stores a consumer's cursor on the server. Monotonic within an epoch: an older position changes nothing.</summary>
    /// <param name="consumer">1 to 64 of letters, digits and <c>_ . -</c>.</param>
    /// <param name="position">What has been processed, for example <c>k3f9.42</c>.</param>
    Task Acknowledge(string consumer, string position);
}
