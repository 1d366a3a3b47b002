using Realtime.Contracts.Rest;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Revocations;

/// <summary>
/// What operators do: stored first, then in effect here, then hinted to the other nodes, and written to the log with who did it.
/// Thread-safe.
/// </summary>
internal sealed class RevocationDesk(IRevocationStore store, RevocationRefresh refresh, RevocationHint hint, ILogger<RevocationDesk> logger)
{
    /// <exception cref="EventStore.StoreUnavailableException">It is stored or not; doing it again does no harm.</exception>
    public async Task<Revocation> RevokeAsync(NewRevocation wanted, CancellationToken cancellationToken)
    {
        var revocation = await store.RevokeAsync(wanted, cancellationToken);
        ServerLog.Revoked(logger, wanted.By, wanted.Kind, wanted.Subject, revocation.IssuedBefore, revocation.ExpiresAt, wanted.Reason);
        await TakeEffectAsync();
        return revocation;
    }

    /// <returns>Whether there was such a revocation.</returns>
    /// <exception cref="EventStore.StoreUnavailableException">It is taken back or not.</exception>
    public async Task<bool> WithdrawAsync(RevocationKind kind, string subject, string by, CancellationToken cancellationToken)
    {
        if (!await store.WithdrawAsync(kind, subject, cancellationToken)) return false;
        ServerLog.RevocationWithdrawn(logger, by, kind, subject);
        await TakeEffectAsync();
        return true;
    }

    /// <summary>Also for a caller who has left: what is stored is to take effect.</summary>
    private Task TakeEffectAsync()
    {
        hint.Send();
        return refresh.LookNowAsync(CancellationToken.None);
    }
}
