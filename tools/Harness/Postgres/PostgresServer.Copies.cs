using Realtime.Harness.Processes;

namespace Realtime.Harness;

/// <summary>Backups and what is done with them: of the files while the server is down, and of one database while it runs.</summary>
public sealed partial class PostgresServer
{
    /// <summary>Where the data folder lies; what is inside belongs to the server while it runs.</summary>
    string DataFolder => Path.Combine(_folder.Path, "data");

    /// <summary>Shuts the server down in good order, copies its files, and starts it again.</summary>
    /// <returns>The copy's folder, for <see cref="SwapFilesAsync"/>.</returns>
    public async Task<string> CopyFilesAsync(CancellationToken ct = default)
    {
        await StopAsync(Signal.Interrupt);
        var copy = Path.Combine(_folder.Path, $"copy-{Guid.NewGuid():N}");
        await ChildProcess.RunAsync(new("/bin/cp", "-a", DataFolder, copy) { WorkingDirectory = "/" }, Patience, ct);
        await RestartAsync(ct);
        return copy;
    }

    /// <summary>Kills the server, puts an earlier copy of its files in their place, and starts it on the same port.</summary>
    /// <param name="copy">From <see cref="CopyFilesAsync"/>; it is used up.</param>
    public async Task SwapFilesAsync(string copy, CancellationToken ct = default)
    {
        await KillAsync();
        Directory.Delete(DataFolder, recursive: true);
        Directory.Move(copy, DataFolder);
        await RestartAsync(ct);
    }

    /// <summary>Writes one database to a file in pg_dump's own format.</summary>
    /// <returns>The file, for <see cref="RestoreDumpAsync"/>.</returns>
    public async Task<string> DumpAsync(string database = DefaultDatabase, CancellationToken ct = default)
    {
        var file = Path.Combine(_folder.Path, $"{Guid.NewGuid():N}.dump");
        await RunAsync("pg_dump", ct, input: "", [.. Connection(database), "--format=custom", $"--file={file}"]);
        return file;
    }

    /// <summary>Restores a dump over what is in the database, as <c>pg_restore --clean</c> does.</summary>
    /// <param name="file">From <see cref="DumpAsync"/>.</param>
    /// <param name="options">Further options of pg_restore, such as <c>--single-transaction</c> or <c>--data-only</c>.</param>
    public Task RestoreDumpAsync(string file, string database = DefaultDatabase, IReadOnlyList<string>? options = null, CancellationToken ct = default) =>
        RunAsync("pg_restore", ct, input: "", [.. Connection(database), .. options ?? ["--clean", "--if-exists"], file]);

    string[] Connection(string database) =>
        ["--host=127.0.0.1", $"--port={Port}", $"--username={Superuser}", $"--dbname={database}", "--no-password"];
}
