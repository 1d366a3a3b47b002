using Dapper;
using Microsoft.Data.Sqlite;
using Realtime.Contracts.Rest;
using Realtime.Server.Revocations;

namespace Realtime.Server.EventStore;

/// <summary>Revocations in the SQLite file.</summary>
internal sealed class SqliteRevocationStore(SqliteDatabase database) : IRevocationStore
{
    /// <summary>How much longer an entry is kept than it has an effect.</summary>
    private const long KeptMicros = 24L * 3600 * 1_000_000;

    private const string Columns =
        """
        r.kind as Kind, r.subject as Subject, r.issued_before as IssuedBeforeMicros, r.expires_at as ExpiresMicros,
        r.is_withdrawn as IsWithdrawn, r.reason as Reason, r.revoked_at as RevokedMicros, r.revoked_by as RevokedBy, r.version as Version
        """;

    public Task<RevocationChanges> ReadChangesAsync(long since, CancellationToken cancellationToken) => database.ReadAsync(
        "read what is revoked",
        (connection, transaction) => RevocationRow.ToChanges(connection.Query<RevocationRow>(
            $"""
            select h.epoch as Epoch, coalesce(v.version, 0) as LastVersion, {Columns}
            from history h left join revocations_version v on true left join revocations r on r.version > @since
            order by r.version
            """,
            new { since },
            transaction).AsList()),
        cancellationToken);

    public Task<Revocation> RevokeAsync(NewRevocation wanted, CancellationToken cancellationToken) =>
        database.WriteAsync("revoke", (connection, transaction) => Revoke(connection, transaction, wanted), cancellationToken);

    public Task<bool> WithdrawAsync(RevocationKind kind, string subject, CancellationToken cancellationToken) => database.WriteAsync(
        "take a revocation back",
        (connection, transaction) => connection.Execute(
            "update revocations set is_withdrawn = 1, expires_at = @now, version = @version where kind = @kind and subject = @subject and is_withdrawn = 0",
            new { now = database.NowMicros, version = NextVersion(connection, transaction), kind = RevocationRow.NameOf(kind), subject },
            transaction) > 0,
        cancellationToken);

    public Task<RevocationPage> ListAsync(RevocationQuestion question, CancellationToken cancellationToken) => database.ReadAsync(
        "list what is revoked",
        (connection, transaction) => RevocationRow.ToPage(
            connection.Query<RevocationRow>(
                $"""
                select {Columns} from revocations r
                where r.kind <> 'disconnect' and r.is_withdrawn = 0 and (r.expires_at is null or r.expires_at > @now)
                    and r.version < @before and (@kind is null or (r.kind = @kind and r.subject = @Subject))
                order by r.version desc limit @limit
                """,
                new
                {
                    now = database.NowMicros,
                    before = question.Before ?? long.MaxValue,
                    kind = question.Kind is { } kind ? RevocationRow.NameOf(kind) : null,
                    question.Subject,
                    limit = question.Limit + 1,
                },
                transaction).AsList(),
            question.Limit),
        cancellationToken);

    private Revocation Revoke(SqliteConnection connection, SqliteTransaction transaction, NewRevocation wanted)
    {
        long now = database.NowMicros;
        long version = NextVersion(connection, transaction);
        connection.Execute("delete from revocations where expires_at < @before", new { before = now - KeptMicros }, transaction);
        return connection.QuerySingle<RevocationRow>(
            """
            insert into revocations (kind, subject, issued_before, expires_at, is_withdrawn, reason, revoked_at, revoked_by, version)
            values (@kind, @Subject, @issuedBefore, @expiresAt, 0, @Reason, @now, @By, @version)
            on conflict (kind, subject) do update set
                issued_before = case when is_withdrawn then excluded.issued_before else max(issued_before, excluded.issued_before) end,
                expires_at = case when is_withdrawn then excluded.expires_at else max(expires_at, excluded.expires_at) end,
                is_withdrawn = 0, reason = excluded.reason, revoked_at = excluded.revoked_at, revoked_by = excluded.revoked_by, version = excluded.version
            returning kind as Kind, subject as Subject, issued_before as IssuedBeforeMicros, expires_at as ExpiresMicros,
                is_withdrawn as IsWithdrawn, reason as Reason, revoked_at as RevokedMicros, revoked_by as RevokedBy, version as Version
            """, // max of two is null where either is: for good
            new
            {
                kind = RevocationRow.NameOf(wanted.Kind),
                wanted.Subject,
                issuedBefore = wanted.Kind == RevocationKind.User ? Micros(wanted.IssuedBefore) ?? now : (long?)null,
                expiresAt = wanted.Kind == RevocationKind.Disconnect ? now : Micros(wanted.ExpiresAt),
                wanted.Reason,
                now,
                wanted.By,
                version,
            },
            transaction).ToRevocation();
    }

    private static long? Micros(DateTimeOffset? time) => time is { } known ? StoreTime.ToMicros(known) : null;

    private static long NextVersion(SqliteConnection connection, SqliteTransaction transaction) => connection.ExecuteScalar<long>(
        """
        insert into revocations_version (only_row, version) values (1, 1)
        on conflict (only_row) do update set version = version + 1
        returning version
        """,
        transaction: transaction);
}
