using Realtime.Contracts.Rest;
using Realtime.Server.Revocations;

namespace Realtime.Server.EventStore;

/// <summary>A stored revocation as a query returns it; the columns carry these names. Without a kind it only tells where the table stands.</summary>
internal sealed class RevocationRow
{
    private const string Token = "token";
    private const string User = "user";
    private const string Disconnect = "disconnect";

    public string Epoch { get; init; } = string.Empty;

    public long LastVersion { get; init; }

    public string? Kind { get; init; }

    public string Subject { get; init; } = string.Empty;

    public long? IssuedBeforeMicros { get; init; }

    public long? ExpiresMicros { get; init; }

    public bool IsWithdrawn { get; init; }

    public string? Reason { get; init; }

    public long RevokedMicros { get; init; }

    public string RevokedBy { get; init; } = string.Empty;

    public long Version { get; init; }

    public static string NameOf(RevocationKind kind) => kind switch
    {
        RevocationKind.Token => Token,
        RevocationKind.User => User,
        RevocationKind.Disconnect => Disconnect,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Unknown kind."),
    };

    /// <summary>What rows of one snapshot say, each of which carries where the table stands.</summary>
    /// <exception cref="StoreUnavailableException">There is no row: the restore of the database has not ended.</exception>
    public static RevocationChanges ToChanges(IReadOnlyList<RevocationRow> rows) => rows.Count == 0
        ? throw new StoreUnavailableException("Could not read what is revoked: the restore of the database has not ended.")
        : new RevocationChanges(new RevocationMark(rows[0].Epoch, rows[0].LastVersion), [.. rows.Where(row => row.Kind is not null).Select(row => row.ToEntry())]);

    /// <summary>A page of rows, one more than asked for when there are more.</summary>
    public static RevocationPage ToPage(IReadOnlyList<RevocationRow> rows, int limit)
    {
        bool hasMore = rows.Count > limit;
        return new RevocationPage
        {
            Revocations = [.. rows.Take(limit).Select(row => row.ToRevocation())],
            Next = hasMore ? rows[limit - 1].Version : null,
            HasMore = hasMore,
        };
    }

    public Revocation ToRevocation() => new()
    {
        Jti = Kind == Token ? Subject : null,
        UserId = Kind == Token ? null : Subject,
        IssuedBefore = IssuedBeforeMicros is { } issued ? StoreTime.FromMicros(issued) : null,
        ExpiresAt = ExpiresMicros is { } expires ? StoreTime.FromMicros(expires) : null,
        Reason = Reason,
        RevokedAt = StoreTime.FromMicros(RevokedMicros),
        RevokedBy = RevokedBy,
    };

    private RevocationEntry ToEntry() => new(KindOf(Kind), Subject, IssuedBeforeMicros, IsWithdrawn, Version);

    private static RevocationKind KindOf(string? name) => name switch
    {
        Token => RevocationKind.Token,
        User => RevocationKind.User,
        Disconnect => RevocationKind.Disconnect,
        _ => throw new InvalidOperationException($"The table of revocations holds a '{name}'."),
    };
}
