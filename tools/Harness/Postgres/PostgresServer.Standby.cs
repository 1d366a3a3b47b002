namespace Realtime.Harness;

/// <summary>Streaming replication: a standby of a running server, and its promotion.</summary>
public sealed partial class PostgresServer
{
    /// <summary>
    /// Starts another server as a hot standby of this one, with its data in a folder of its own, and makes every commit here wait
    /// for it (<c>synchronous_standby_names = '*'</c>). The caller disposes it.
    /// </summary>
    /// <exception cref="HarnessException">It did not start, or did not become synchronous in time.</exception>
    public async Task<PostgresServer> StartSynchronousStandbyAsync(CancellationToken ct = default)
    {
        var standby = new PostgresServer(_options with { Port = null }, _binaries, TempFolder.Create("standby"));
        try
        {
            await standby.PrepareFolderAsync(ct);
            await standby.RunAsync("pg_basebackup", ct, input: "",
                "--host=127.0.0.1", $"--port={Port}", $"--username={Superuser}", "--no-password",
                "--pgdata", standby.DataFolder, "--wal-method=stream", "--checkpoint=fast", "--write-recovery-conf", "--no-sync");
            for (var attempt = 1; !await standby.TryLaunchAsync(FreePort.Next(), ct); attempt++)
                if (attempt == PortAttempts)
                    throw standby.Failure("found its port in use");
            await PsqlAsync("alter system set synchronous_standby_names = '*'", ct: ct);
            await PsqlAsync("select pg_reload_conf()", ct: ct);
            await Wait.UntilAsync(async () => await PsqlAsync("select count(*) from pg_stat_replication where sync_state = 'sync'", ct: ct) == "1",
                Patience, () => standby.Failure("did not become a synchronous standby").Message, ct);
            return standby;
        }
        catch
        {
            await standby.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes a standby the primary, on a timeline of its own; returns when it takes writes.</summary>
    public Task PromoteAsync(CancellationToken ct = default) => PsqlAsync("select pg_promote(true, 60)", ct: ct);
}
