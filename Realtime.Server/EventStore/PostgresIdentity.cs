using Dapper;
using Npgsql;
using Realtime.Server.Telemetry;

namespace Realtime.Server.EventStore;

/// <summary>
/// Makes sure, on every new connection and before anything is served over it, that the database still holds the history it
/// says it holds. One that was restored, copied or failed over gets a new epoch, so that clients are told; of several nodes
/// that notice, one renews. <c>Schema/Postgres/005_history_identity.sql</c> has the other half. Thread-safe.
/// </summary>
internal sealed class PostgresIdentity(bool isFailoverLossless, ILogger logger)
{
    private const int Attempts = 3;
    private int _hasWarnedOfServer;
    private string? _weakness;

    /// <summary>How far this node has seen the history.</summary>
    public SeenHistory Seen { get; } = new();

    /// <summary>Why what the server acknowledges may be lost, or <see langword="null"/>; as of the newest connection.</summary>
    public string? Weakness => Volatile.Read(ref _weakness);

    /// <exception cref="StoreUnavailableException">A standby, or a history that cannot be vouched for yet.</exception>
    public async Task CheckAsync(NpgsqlConnection connection)
    {
        try
        {
            if (!await CheckServerAsync(connection)) return;
            for (int attempt = 1; !await CheckHistoryAsync(connection); attempt++)
            {
                if (attempt == Attempts) throw new StoreUnavailableException("The epoch is being renewed.");
            }
        }
        catch (Exception fault) when (PostgresFaults.IsOutage(fault))
        {
            throw new StoreUnavailableException($"Could not make sure that the database holds its history: {fault.Message}", fault);
        }
    }

    /// <returns>Whether there is a history to check.</returns>
    private async Task<bool> CheckServerAsync(NpgsqlConnection connection)
    {
        var server = await connection.QuerySingleAsync<ServerRow>(
            """
            select pg_is_in_recovery() as IsStandby, to_regclass('realtime.history_record') is not null as HasHistory,
                   current_setting('fsync') as Fsync, current_setting('synchronous_commit') as SynchronousCommit,
                   current_setting('synchronous_standby_names') as Standbys
            """);
        if (server.IsStandby) throw new StoreUnavailableException($"{connection.DataSource} is a standby, which takes no writes: connect to the primary.");

        string? weakness = server.FindWeakness(isFailoverLossless);
        if (Interlocked.Exchange(ref _weakness, weakness) != weakness && weakness is not null) ServerLog.StoreWeak(logger, weakness);
        return server.HasHistory;
    }

    /// <returns>Whether the history is what it says; otherwise its epoch was renewed, here or elsewhere.</returns>
    private async Task<bool> CheckHistoryAsync(NpgsqlConnection connection)
    {
        var seen = Seen.Now;
        var found = await connection.QuerySingleOrDefaultAsync<HistoryRow>(
            """
            select epoch as Epoch, is_own as IsOwn, known_timeline as KnownTimeline, timeline as Timeline,
                   is_server_known as IsServerKnown, flushed as Flushed
            from realtime.identify()
            """) ?? throw new StoreUnavailableException("The restore of the database has not ended.");
        if (!found.IsServerKnown && Interlocked.Exchange(ref _hasWarnedOfServer, 1) == 0) ServerLog.ServerUnknown(logger);

        if (found.WhyLost(seen, isFailoverLossless) is { } why)
        {
            if (await connection.ExecuteScalarAsync<string?>("select realtime.renew_epoch(@Epoch)", new { found.Epoch }) is { } renewed)
                ServerLog.EpochRenewed(logger, why, found.Epoch, renewed);
            return false;
        }

        if (found.Timeline != found.KnownTimeline)
        {
            await connection.ExecuteAsync("select realtime.adopt_timeline(@Epoch)", new { found.Epoch });
            ServerLog.FailoverAdopted(logger, found.KnownTimeline, found.Timeline, found.Epoch);
        }

        Seen.Begin(found.Epoch, found.Timeline, found.Flushed);
        return true;
    }

    private sealed class ServerRow
    {
        public bool IsStandby { get; init; }

        public bool HasHistory { get; init; }

        public string Fsync { get; init; } = string.Empty;

        public string SynchronousCommit { get; init; } = string.Empty;

        public string Standbys { get; init; } = string.Empty;

        public string? FindWeakness(bool isFailoverLossless)
        {
            if (Fsync == "off") return "fsync is off: a crash of the machine may lose or corrupt what was acknowledged.";
            if (SynchronousCommit == "off") return "synchronous_commit is off: a crash may lose what was acknowledged.";
            if (isFailoverLossless && (Standbys.Length == 0 || SynchronousCommit == "local"))
                return "Realtime:LosslessFailover is set, but commits do not wait for a standby (synchronous_standby_names, synchronous_commit).";
            return null;
        }
    }

    private sealed class HistoryRow
    {
        public string Epoch { get; init; } = string.Empty;

        public bool IsOwn { get; init; }

        public int KnownTimeline { get; init; }

        public int Timeline { get; init; }

        public bool IsServerKnown { get; init; }

        public long Flushed { get; init; }

        public string? WhyLost(SeenHistory.Mark seen, bool isFailoverLossless)
        {
            if (!IsOwn) return "it was written in another table, database or server";
            if (seen.IsAheadOf(Epoch, Timeline, Flushed)) return "it is an older copy of what this node has seen";
            return Timeline != KnownTimeline && !isFailoverLossless ? $"its timeline was {KnownTimeline} and is {Timeline}" : null;
        }
    }
}
