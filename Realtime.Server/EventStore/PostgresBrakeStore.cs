using Dapper;
using Npgsql;
using Realtime.Contracts;
using Realtime.Contracts.Rest;

namespace Realtime.Server.EventStore;

/// <summary>Brakes in PostgreSQL.</summary>
internal sealed class PostgresBrakeStore(PostgresDatabase database) : IBrakeStore
{
    public Task<BrakeState> ReadAsync(string userId, CancellationToken cancellationToken) =>
        database.RunAsync($"read the brake of '{userId}'", connection => ReadAsync(connection, userId, cancellationToken), cancellationToken);

    public async Task<BrakeOutcome> SetAsync(
        NewEvent changed, bool engaged, string? reason, string changedBy, TimeSpan lockWait, CancellationToken cancellationToken)
    {
        string attempt = $"set the brake of '{changed.UserId}'";
        try
        {
            return await database.RunAsync(attempt, SetAsync, cancellationToken);
        }
        catch (Exception fault) when (PostgresFaults.IsRefusal(fault))
        {
            throw new ArgumentException(fault.Message, nameof(changed), fault);
        }
        catch (PostgresException fault) when (PostgresFaults.IsConflict(fault))
        {
            throw new StoreUnavailableException($"Could not {attempt}: {fault.Message}", fault);
        }

        async Task<BrakeOutcome> SetAsync(NpgsqlConnection connection)
        {
            var (outcome, epoch, sequence, micros) = await connection.QuerySingleAsync<(string, string?, long?, long?)>(new CommandDefinition(
                """
                select outcome, epoch, sequence, micros
                from realtime.set_brake(@UserId, @engaged, @reason, @changedBy, @Id, @Type, @data, @waitMs)
                """,
                new { changed.UserId, engaged, reason, changedBy, changed.Id, changed.Type, data = changed.Data.ToString(), waitMs = (int)lockWait.TotalMilliseconds },
                commandTimeout: (int)Math.Ceiling((database.CommandTimeout + lockWait).TotalSeconds),
                cancellationToken: cancellationToken));
            switch (outcome)
            {
                case "held":
                    throw new StoreUnavailableException($"Could not {attempt}: somebody's open transaction holds the stream.");
                case "unchanged":
                    return new BrakeOutcome(await ReadAsync(connection, changed.UserId, cancellationToken), null);
                default:
                    var appended = new AppendedEvent(new StreamPosition(epoch!, sequence!.Value), StoreTime.FromMicros(micros!.Value), IsDuplicate: false);
                    return new BrakeOutcome(
                        new BrakeState { Engaged = engaged, Reason = reason, ChangedAt = appended.Time, ChangedBy = changedBy }, appended);
            }
        }
    }

    private static async Task<BrakeState> ReadAsync(NpgsqlConnection connection, string user, CancellationToken cancellationToken) =>
        BrakeRow.ToState(await connection.QuerySingleOrDefaultAsync<BrakeRow>(new CommandDefinition(
            """
            select engaged as Engaged, reason as Reason, realtime.micros(changed_at) as ChangedMicros, changed_by as ChangedBy
            from realtime.brakes where user_id = @user
            """,
            new { user },
            cancellationToken: cancellationToken)));
}
