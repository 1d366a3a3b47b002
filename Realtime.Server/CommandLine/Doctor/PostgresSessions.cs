using System.Globalization;
using Dapper;
using Npgsql;

namespace Realtime.Server.CommandLine.Doctor;

/// <summary>Who is connected: whether there is room for the nodes' pools, and whether all of them run this release.</summary>
internal static class PostgresSessions
{
    /// <summary>What a busy node uses (docs/operations.md).</summary>
    private const int PerNode = 20;

    internal static async Task<IReadOnlyList<CheckResult>> CheckAsync(
        NpgsqlConnection connection, NpgsqlConnectionStringBuilder given, Dictionary<string, string> settings, CancellationToken cancellationToken)
    {
        // Of other roles only that they are there is shown. Room is the server's; releases matter within one database.
        var sessions = (await connection.QueryAsync<(string? Name, bool IsHere, int Count)>(PostgresChecks.Command(
            "select application_name, datname = current_database(), count(*)::int from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() group by 1, 2",
            null,
            cancellationToken))).ToList();
        var names = sessions.Where(s => s.IsHere).Select(s => s.Name ?? string.Empty).ToList();
        var processes = names.Select(ReleaseName.TryRead).OfType<(string Release, string Process)>().Distinct().ToList();
        return [Room(given, settings, sessions.Sum(s => s.Count), Math.Max(1, processes.Count)), Releases(processes, names)];
    }

    private static CheckResult Room(NpgsqlConnectionStringBuilder given, Dictionary<string, string> settings, int used, int nodes)
    {
        const string Name = "postgres.connections";
        int all = Number("max_connections");
        int free = all - Number("superuser_reserved_connections") - Number("reserved_connections");
        int pool = given.MaxPoolSize;
        string found = string.Create(CultureInfo.InvariantCulture, $"{used} of {free} for ordinary roles in use (max_connections {all}); {nodes} node(s) with pools of up to {pool}");
        if (used >= free) return CheckResult.Failed(Name, found, "Raise max_connections, or end what holds the connections (pg_stat_activity).");
        int needed = nodes * Math.Min(pool, PerNode);
        return needed > free
            ? CheckResult.Warning(Name, $"{found}, which need about {needed}", $"Raise max_connections to at least {needed + all - free}, or set Maximum Pool Size={Math.Max(1, free / nodes)} in ConnectionStrings:Postgres.")
            : CheckResult.Ok(Name, found);

        int Number(string name) => settings.TryGetValue(name, out string? value) ? int.Parse(value, CultureInfo.InvariantCulture) : 0;
    }

    private static CheckResult Releases(List<(string Release, string Process)> processes, List<string> names)
    {
        const string Name = "nodes.release";
        if (processes.Count == 0)
        {
            return names.Exists(n => n is "realtime" or "realtime listener" or "realtime head check")
                ? CheckResult.Warning(Name, "servers are connected whose release is not named: older than this one", $"Finish the upgrade: this is {ReleaseName.Full}.")
                : CheckResult.Skipped(Name, "no server or worker of this store is connected (or each names its sessions itself)");
        }

        var releases = processes.GroupBy(p => p.Release, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).ToList();
        string found = string.Join(", ", releases.Select(r => $"{r.Count()} process(es) of {r.Key}"));
        if (releases.Count > 1)
            return CheckResult.Warning(Name, found, "Finish the rolling upgrade: until then events between old and new nodes may arrive by the head check, up to 2 s later.");
        return releases[0].Key == ReleaseName.Full
            ? CheckResult.Ok(Name, found)
            : CheckResult.Warning(Name, $"{found}, and this is {ReleaseName.Full}", "Look with the release that runs, or upgrade the nodes.");
    }
}
