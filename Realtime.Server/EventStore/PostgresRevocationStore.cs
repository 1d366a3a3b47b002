using Dapper;
using Npgsql;
using Realtime.Contracts.Rest;
using Realtime.Server.Revocations;

namespace Realtime.Server.EventStore;

/// <summary>Revocations in PostgreSQL.</summary>
internal sealed class PostgresRevocationStore(PostgresDatabase database) : IRevocationStore
{
    private const string Columns =
        """
        r.kind as Kind, r.subject as Subject, realtime.micros(r.issued_before) as IssuedBeforeMicros, realtime.micros(r.expires_at) as ExpiresMicros,
        r.is_withdrawn as IsWithdrawn, r.reason as Reason, realtime.micros(r.revoked_at) as RevokedMicros, r.revoked_by as RevokedBy, r.version as Version
        """;

    public Task<RevocationChanges> ReadChangesAsync(long since, CancellationToken cancellationToken) => RunAsync(
        "read what is revoked",
        async connection => RevocationRow.ToChanges((await connection.QueryAsync<RevocationRow>(Command(
            $"""
            select h.epoch as Epoch, coalesce(v.version, 0) as LastVersion, {Columns}
            from realtime.history h
            left join realtime.revocations_version v on true
            left join realtime.revocations r on r.version > @since
            order by r.version
            """,
            new { since },
            cancellationToken))).AsList()),
        cancellationToken);

    public Task<Revocation> RevokeAsync(NewRevocation wanted, CancellationToken cancellationToken) => RunAsync(
        "revoke",
        async connection => (await connection.QuerySingleAsync<RevocationRow>(Command(
            $"select {Columns} from realtime.revoke(@kind, @Subject, @issuedBefore, @expiresAt, @Reason, @By) r",
            new
            {
                kind = RevocationRow.NameOf(wanted.Kind),
                wanted.Subject,
                issuedBefore = wanted.IssuedBefore?.UtcDateTime,
                expiresAt = wanted.ExpiresAt?.UtcDateTime,
                wanted.Reason,
                wanted.By,
            },
            cancellationToken))).ToRevocation(),
        cancellationToken);

    public Task<bool> WithdrawAsync(RevocationKind kind, string subject, CancellationToken cancellationToken) => RunAsync(
        "take a revocation back",
        connection => connection.ExecuteScalarAsync<bool>(Command(
            "select realtime.withdraw_revocation(@kind, @subject)", new { kind = RevocationRow.NameOf(kind), subject }, cancellationToken)),
        cancellationToken);

    public Task<RevocationPage> ListAsync(RevocationQuestion question, CancellationToken cancellationToken) => RunAsync(
        "list what is revoked",
        async connection => RevocationRow.ToPage(
            (await connection.QueryAsync<RevocationRow>(Command(
                $"""
                select {Columns} from realtime.revocations r
                where r.kind <> 'disconnect' and not r.is_withdrawn and (r.expires_at is null or r.expires_at > clock_timestamp())
                    and r.version < @before and (@kind::text is null or (r.kind = @kind and r.subject = @Subject))
                order by r.version desc limit @limit
                """,
                new
                {
                    before = question.Before ?? long.MaxValue,
                    kind = question.Kind is { } kind ? RevocationRow.NameOf(kind) : null,
                    question.Subject,
                    limit = question.Limit + 1,
                },
                cancellationToken))).AsList(),
            question.Limit),
        cancellationToken);

    private static CommandDefinition Command(string sql, object parameters, CancellationToken cancellationToken) =>
        new(sql, parameters, cancellationToken: cancellationToken);

    /// <summary>Changes wait for one another at one row: a wait that the database ends is an outage like any other.</summary>
    private async Task<T> RunAsync<T>(string attempt, Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await database.RunAsync(attempt, work, cancellationToken);
        }
        catch (PostgresException fault) when (PostgresFaults.IsConflict(fault))
        {
            throw new StoreUnavailableException($"Could not {attempt}: {fault.Message}", fault);
        }
    }
}
