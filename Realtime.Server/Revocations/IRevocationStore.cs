using Realtime.Contracts.Rest;
using Realtime.Server.EventStore;

namespace Realtime.Server.Revocations;

/// <summary>
/// The table of revocations. Its versions become visible in their order. Thread-safe. Every method throws
/// <see cref="StoreUnavailableException"/> when the database does not answer.
/// </summary>
internal interface IRevocationStore
{
    /// <summary>Reads what has changed, in one snapshot.</summary>
    /// <param name="since">A version; 0 for everything.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<RevocationChanges> ReadChangesAsync(long since, CancellationToken cancellationToken);

    /// <summary>Revokes. What was revoked before is never narrowed by it: of two times and of two ends the later one counts.</summary>
    /// <param name="wanted">What to revoke.</param>
    /// <param name="cancellationToken">Ends the wait for the answer.</param>
    /// <returns>What is revoked now.</returns>
    Task<Revocation> RevokeAsync(NewRevocation wanted, CancellationToken cancellationToken);

    /// <summary>Takes a revocation back.</summary>
    /// <param name="kind">Of a token or of a user.</param>
    /// <param name="subject">The <c>jti</c>, or the user.</param>
    /// <param name="cancellationToken">Ends the wait for the answer.</param>
    /// <returns>Whether there was one.</returns>
    Task<bool> WithdrawAsync(RevocationKind kind, string subject, CancellationToken cancellationToken);

    /// <summary>Lists what is revoked, newest first, without disconnects.</summary>
    /// <param name="question">Which ones.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<RevocationPage> ListAsync(RevocationQuestion question, CancellationToken cancellationToken);
}

/// <summary>A wish to revoke.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Subject">The <c>jti</c>, or the user.</param>
/// <param name="IssuedBefore">Of a user; <see langword="null"/>: now, by the store's clock.</param>
/// <param name="ExpiresAt">Of a token: when it certainly has expired; <see langword="null"/>: unknown.</param>
/// <param name="Reason">Why.</param>
/// <param name="By">Who.</param>
internal sealed record NewRevocation(RevocationKind Kind, string Subject, DateTimeOffset? IssuedBefore, DateTimeOffset? ExpiresAt, string? Reason, string By);

/// <summary>Which revocations are listed.</summary>
/// <param name="Kind">Only these, together with <paramref name="Subject"/>.</param>
/// <param name="Subject">Only this one.</param>
/// <param name="Before">Only versions below.</param>
/// <param name="Limit">1 to 1000.</param>
internal sealed record RevocationQuestion(RevocationKind? Kind, string? Subject, long? Before, int Limit);
