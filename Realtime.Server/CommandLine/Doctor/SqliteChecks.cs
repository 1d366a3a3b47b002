using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;
using Realtime.Server.EventStore;
using Realtime.Server.EventStore.Schema;

namespace Realtime.Server.CommandLine.Doctor;

/// <summary>The embedded store's file and the disk below it. Opened for reading only; a file that is not there is not made.</summary>
internal static class SqliteChecks
{
    private const long Little = 1L << 30;
    private const long TooLittle = 100L << 20;
    private static readonly string[] NetworkFileSystems = ["nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "fuse.sshfs", "9p"];

    internal static IEnumerable<CheckResult> Run(Patient patient)
    {
        string path = Path.GetFullPath(SqlitePath.Of(patient.Configuration, patient.Environment));
        string folder = NearestFolder(path);
        if (WhyNotWritable(path, folder) is { } why)
            yield return CheckResult.Failed("sqlite", $"{path}: {why}", "Give the server's account the right to write there, or set Storage:SqlitePath.");
        else if (!File.Exists(path))
            yield return CheckResult.Ok("sqlite", $"{path} is not there yet; the server makes it at its start");
        else
            yield return CheckResult.Ok("sqlite", string.Create(CultureInfo.InvariantCulture, $"{path}, {new FileInfo(path).Length / (1024.0 * 1024):0.#} MiB, writable"));

        if (File.Exists(path))
        {
            foreach (var result in Look(path)) yield return result;
        }

        foreach (var result in Disk(folder)) yield return result;
    }

    private static List<CheckResult> Look(string path)
    {
        try
        {
            using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
            connection.Open();
            string journal = connection.QuerySingle<string>("pragma journal_mode");
            int known = SchemaScript.LoadAll(SchemaDialect.Sqlite.Folder)[^1].Version;
            int found = connection.QuerySingle<bool>(SchemaDialect.Sqlite.VersionTableExists) ? connection.QuerySingle<int>("select coalesce(max(version), 0) from schema_versions") : 0;
            string versions = string.Create(CultureInfo.InvariantCulture, $"version {found}, this release brings {known}");
            return
            [
                journal == "wal" ? CheckResult.Ok("sqlite.journal", "journal_mode wal") : CheckResult.Warning("sqlite.journal", $"journal_mode {journal}", "The server switches to wal when it opens the file; if it stays, the file system does not support it."),
                found > known ? CheckResult.Failed("sqlite.schema", $"{versions}: it was upgraded by a newer release", "Run the newer release, or use another file.")
                    : found < known ? CheckResult.Warning("sqlite.schema", versions, "Nothing: the server upgrades it at its start.")
                    : CheckResult.Ok("sqlite.schema", $"{versions}, epoch {connection.QuerySingleOrDefault<string?>("select epoch from history") ?? "missing"}"),
            ];
        }
        catch (SqliteException fault)
        {
            return [CheckResult.Failed("sqlite.schema", $"cannot be read: {CommandOutput.OneLine(fault.Message)}", "If it is no store, set Storage:SqlitePath; if it is damaged, restore a backup and run 'epoch renew'.")];
        }
    }

    private static IEnumerable<CheckResult> Disk(string folder)
    {
        DriveInfo drive;
        long free;
        string format;
        try
        {
            drive = new DriveInfo(folder);
            (free, format) = (drive.AvailableFreeSpace, drive.DriveFormat);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return [CheckResult.Skipped("sqlite.disk", $"cannot be measured: {CommandOutput.OneLine(fault.Message)}")];
        }

        string found = string.Create(CultureInfo.InvariantCulture, $"{free / (double)Little:0.#} GiB free on {drive.Name} ({format})");
        if (NetworkFileSystems.Contains(format, StringComparer.OrdinalIgnoreCase))
            return [CheckResult.Failed("sqlite.disk", found, "Move the file to a local disk: SQLite's write-ahead log does not work over a network. For several nodes use PostgreSQL.")];
        return [free < TooLittle ? CheckResult.Failed("sqlite.disk", found, "Make room: without it publishes are answered 503.")
            : free < Little ? CheckResult.Warning("sqlite.disk", found, "Make room, or lower Realtime:Retention.")
            : CheckResult.Ok("sqlite.disk", found)];
    }

    /// <summary>The folder of the file, or the nearest one that exists: the server makes the rest.</summary>
    private static string NearestFolder(string path)
    {
        string? folder = Path.GetDirectoryName(path);
        while (folder is not null && !Directory.Exists(folder)) folder = Path.GetDirectoryName(folder);
        return folder ?? Path.GetPathRoot(path)!;
    }

    /// <summary>By trying: rights, mounts and containers cannot be worked out.</summary>
    private static string? WhyNotWritable(string path, string folder)
    {
        try
        {
            using (new FileStream(Path.Combine(folder, $".doctor-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
            {
            }

            if (File.Exists(path)) using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete)) return null;
            return null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return CommandOutput.OneLine(fault.Message);
        }
    }
}
