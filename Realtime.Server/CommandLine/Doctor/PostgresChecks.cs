using System.Diagnostics;
using System.Globalization;
using System.Net;
using Dapper;
using Npgsql;

namespace Realtime.Server.CommandLine.Doctor;

/// <summary>
/// The database as the configured role finds it: settings that a promise depends on, room for connections, schema and rights, clocks, and
/// which releases are connected. On one connection of its own, read only: nothing is upgraded or renewed by looking.
/// </summary>
internal sealed class PostgresChecks(Patient patient, string connectionString)
{
    private const int Seconds = 5;
    private const int OldestVersion = 140_000; // SQL-standard function bodies

    private static readonly string[] SettingNames =
    [
        "server_version", "server_version_num", "fsync", "synchronous_commit", "full_page_writes", "synchronous_standby_names", "max_connections",
        "superuser_reserved_connections", "reserved_connections", "statement_timeout", "transaction_timeout", "idle_session_timeout",
        "idle_in_transaction_session_timeout", "server_encoding",
    ];

    internal async Task<IReadOnlyList<CheckResult>> RunAsync(CancellationToken cancellationToken)
    {
        var given = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, Timeout = Seconds, CommandTimeout = Seconds, ApplicationName = "realtime doctor" };
        if (given.Host?.Contains(',', StringComparison.Ordinal) == true) given.TargetSessionAttributes = "primary";
        await using var connection = new NpgsqlConnection(given.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            await connection.ExecuteAsync("set default_transaction_read_only = on");
            return await LookAsync(connection, given, cancellationToken);
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException)
        {
            return [CheckResult.Failed("postgres", $"{given.Host}:{given.Port}/{given.Database}: {patient.Secrets.Remove(fault.InnerException?.Message ?? fault.Message)}", FixOf(fault, given))];
        }
    }

    private static string FixOf(Exception fault, NpgsqlConnectionStringBuilder given) => (fault as PostgresException ?? fault.InnerException as PostgresException)?.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification => $"Correct Username and Password in ConnectionStrings:Postgres, or pg_hba.conf for role '{given.Username}'.",
        PostgresErrorCodes.InvalidCatalogName => $"Create it: create database {given.Database}; (docs/security/redis-packages-database.md has the roles too).",
        PostgresErrorCodes.TooManyConnections => "Raise max_connections, or lower Maximum Pool Size of the nodes.",
        PostgresErrorCodes.CannotConnectNow => "It is starting or stopping: try again in a moment.",
        _ => "Start PostgreSQL, or correct Host and Port in ConnectionStrings:Postgres and the firewall between.",
    };

    private async Task<IReadOnlyList<CheckResult>> LookAsync(NpgsqlConnection connection, NpgsqlConnectionStringBuilder given, CancellationToken cancellationToken)
    {
        var settings = (await connection.QueryAsync<(string Name, string Value)>(Command("select name, setting from pg_settings where name = any(@SettingNames)", new { SettingNames }, cancellationToken)))
            .ToDictionary(s => s.Name, s => s.Value, StringComparer.Ordinal);
        var results = new List<CheckResult> { await CheckConnectionAsync(connection, given, settings, cancellationToken) };
        if (await connection.ExecuteScalarAsync<bool>(Command("select pg_is_in_recovery()", null, cancellationToken)))
        {
            results.Add(CheckResult.Failed("postgres.primary", "this is a standby, which takes no writes", "Name the primary in ConnectionStrings:Postgres, or all hosts: Host=a,b finds it."));
            return results;
        }

        results.Add(Durability(settings));
        results.Add(await CheckReplicationAsync(connection, settings, cancellationToken));
        results.Add(Timeouts(settings));
        results.AddRange(await PostgresSessions.CheckAsync(connection, given, settings, cancellationToken));
        results.AddRange(await PostgresSchemaChecks.RunAsync(connection, given, cancellationToken));
        results.Add(await CheckClockAsync(connection, cancellationToken));
        return results;
    }

    private static async Task<CheckResult> CheckConnectionAsync(
        NpgsqlConnection connection, NpgsqlConnectionStringBuilder given, Dictionary<string, string> settings, CancellationToken cancellationToken)
    {
        const string Name = "postgres";
        long start = Stopwatch.GetTimestamp();
        var (role, isSuperuser, isTls) = await connection.QuerySingleAsync<(string, bool, bool)>(Command(
            "select current_user::text, current_setting('is_superuser')::boolean, coalesce((select s.ssl from pg_stat_ssl s where s.pid = pg_backend_pid()), false)", null, cancellationToken));
        string took = string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(start).TotalMilliseconds:0.0} ms");
        string found = $"PostgreSQL {settings["server_version"].Split(' ')[0]} at {connection.DataSource}, database {given.Database}, role {role}, {took} a query, {(isTls ? "TLS" : "no TLS")}";
        if (int.Parse(settings["server_version_num"], CultureInfo.InvariantCulture) < OldestVersion) return CheckResult.Failed(Name, found, "The schema needs PostgreSQL 14 or newer.");
        if (settings["server_encoding"] != "UTF8") return CheckResult.Failed(Name, $"{found}, encoding {settings["server_encoding"]}", "Create the database with encoding UTF8.");
        if (!isTls && !IsLocal(given.Host)) return CheckResult.Warning(Name, found, "Encrypt the way to it: SSL Mode=VerifyFull in ConnectionStrings:Postgres.");
        return isSuperuser
            ? CheckResult.Warning(Name, $"{found}, a superuser", "Run servers as a role that owns nothing: docs/security/redis-packages-database.md.")
            : CheckResult.Ok(Name, found);
    }

    private static CheckResult Durability(Dictionary<string, string> settings)
    {
        const string Name = "postgres.durability";
        string found = string.Join(", ", new[] { "fsync", "synchronous_commit", "full_page_writes" }.Select(s => $"{s} {settings[s]}"));
        return settings["fsync"] == "off" || settings["full_page_writes"] == "off"
            ? CheckResult.Failed(Name, $"{found}: a crash of the machine may lose or corrupt what was acknowledged", "Set fsync = on and full_page_writes = on in postgresql.conf, then reload.")
            : settings["synchronous_commit"] == "off"
                ? CheckResult.Failed(Name, $"{found}: a crash may lose what was acknowledged", "Set synchronous_commit = on for the server, the database and the role.")
                : CheckResult.Ok(Name, found);
    }

    private async Task<CheckResult> CheckReplicationAsync(NpgsqlConnection connection, Dictionary<string, string> settings, CancellationToken cancellationToken)
    {
        const string Name = "postgres.replication";
        // What a standby is doing is shown to monitoring roles only; that there is one, to everybody.
        var (standbys, visible, synchronous) = await connection.QuerySingleAsync<(int, int, int)>(Command(
            "select count(*)::int, count(sync_state)::int, (count(*) filter (where sync_state in ('sync', 'quorum')))::int from pg_stat_replication", null, cancellationToken));
        bool isLossless = patient.Setting(nameof(RealtimeOptions.LosslessFailover), false);
        string names = settings["synchronous_standby_names"];
        string found = $"{standbys} standby(s){(visible == standbys ? $", {synchronous} synchronous" : string.Empty)}, synchronous_standby_names {(names.Length == 0 ? "empty" : $"'{names}'")}";
        if (isLossless && (names.Length == 0 || settings["synchronous_commit"] is "off" or "local"))
        {
            return CheckResult.Failed(
                Name, $"Realtime:LosslessFailover is set, but commits do not wait for a standby: {found}, synchronous_commit {settings["synchronous_commit"]}",
                "Set synchronous_standby_names and synchronous_commit = on, or remove Realtime:LosslessFailover.");
        }

        if (names.Length > 0 && visible == standbys && synchronous == 0)
            return CheckResult.Warning(Name, $"{found}: commits wait for a standby that is not there", "Bring the standby back, or empty synchronous_standby_names until it is.");
        if (standbys > 0 && names.Length == 0)
            return CheckResult.Ok(Name, $"{found}; a failover may lose the newest events, and clients are told");
        return CheckResult.Ok(Name, found);
    }

    private static CheckResult Timeouts(Dictionary<string, string> settings)
    {
        const string Name = "postgres.timeouts";
        const int NeededMs = 5_000;
        string[] present = [.. new[] { "statement_timeout", "transaction_timeout", "idle_session_timeout", "idle_in_transaction_session_timeout" }.Where(settings.ContainsKey)];
        string found = string.Join(", ", present.Select(s => $"{s} {(settings[s] == "0" ? "none" : settings[s] + " ms")}"));
        string[] tooShort = [.. present.Where(s => s is "statement_timeout" or "transaction_timeout" && settings[s] != "0" && int.Parse(settings[s], CultureInfo.InvariantCulture) < NeededMs)];
        if (tooShort.Length > 0)
            return CheckResult.Warning(Name, found, $"Raise {string.Join(" and ", tooShort)} of the servers' role to at least {NeededMs} ms: appends may wait that long for somebody's transaction.");
        return settings.GetValueOrDefault("idle_session_timeout", "0") != "0"
            ? CheckResult.Warning(Name, found, "Set idle_session_timeout = 0 for the servers' role: it cuts pooled connections that merely wait.")
            : CheckResult.Ok(Name, found);
    }

    private async Task<CheckResult> CheckClockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var before = patient.Time.GetUtcNow();
        var there = await connection.ExecuteScalarAsync<DateTime>(Command("select clock_timestamp()", null, cancellationToken));
        var half = (patient.Time.GetUtcNow() - before) / 2;
        return ClockChecks.Judge("clock.postgres", "PostgreSQL's clock", new DateTimeOffset(DateTime.SpecifyKind(there, DateTimeKind.Utc)) - before - half, half);
    }

    internal static bool IsLocal(string? host) =>
        host is null or "" or "localhost" || host.StartsWith('/') || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    internal static CommandDefinition Command(string sql, object? parameters, CancellationToken cancellationToken) => new(sql, parameters, cancellationToken: cancellationToken);
}
