namespace Realtime.Server.Revocations;

/// <summary>Up to where a node knows the table: versions rise only within one history.</summary>
internal sealed record RevocationMark(string Epoch, long Version)
{
    public bool IsContinuedBy(RevocationMark next) => next.Epoch == Epoch && next.Version >= Version;
}

/// <summary>An entry of the table, as far as it decides.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Subject">The token's <c>jti</c>, or the user.</param>
/// <param name="IssuedBefore">Of a user: tokens issued before are refused; in microseconds since 1970.</param>
/// <param name="IsWithdrawn">It was taken back.</param>
/// <param name="Version">Rises with every change of the table.</param>
internal sealed record RevocationEntry(RevocationKind Kind, string Subject, long? IssuedBefore, bool IsWithdrawn, long Version);

/// <summary>What has changed in the table.</summary>
/// <param name="Mark">Up to where.</param>
/// <param name="Entries">What was asked for.</param>
internal sealed record RevocationChanges(RevocationMark Mark, IReadOnlyList<RevocationEntry> Entries);
