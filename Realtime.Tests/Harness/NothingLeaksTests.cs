using System.Globalization;
using Realtime.Harness;
using Realtime.Harness.Processes;
using Realtime.Tests.Support;

namespace Realtime.Tests.Harness;

/// <summary>A run that is killed with -9 leaves no server running, and the next one removes its folders.</summary>
[Category("Integration")]
[NonParallelizable]
public sealed class NothingLeaksTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Test]
    public async Task Killed_owner_takes_its_servers_along_and_the_next_start_removes_the_folders()
    {
        await using var owner = await StartOwnerAsync().WithinDeadline(Patience);
        var servers = ProcessTable.ChildrenOf(owner.Id);
        var folders = servers.Select(FolderOf).ToList();
        servers.Should().HaveCount(2, "PostgreSQL and Redis");

        owner.Send(Signal.Kill);

        await Eventually.Async("both servers die with their owner", () => !servers.Any(ProcessTable.IsRunning));
        folders.Should().OnlyContain(folder => Directory.Exists(folder));
        TempFolder.Create("test").Dispose();
        folders.Should().OnlyContain(folder => !Directory.Exists(folder) && !File.Exists(folder + ".lock"));
    }

    [Test]
    public async Task Server_paused_while_its_owner_is_killed_is_ended_by_the_next_start()
    {
        await using var owner = await StartOwnerAsync().WithinDeadline(Patience);
        var postmaster = ProcessTable.ChildrenOf(owner.Id).Single(pid => FolderOf(pid).Contains("postgres", StringComparison.Ordinal));
        int[] all = [postmaster, .. ProcessTable.ChildrenOf(postmaster)];
        foreach (var pid in all)
            Signals.Send(pid, Signal.Stop);
        await Eventually.Async("all of PostgreSQL is stopped", () => all.All(ProcessTable.IsStopped));

        owner.Send(Signal.Kill);
        await owner.WaitForExitAsync(Patience).WithinDeadline(Patience);
        TempFolder.RemoveStale();

        await Eventually.Async("nothing of PostgreSQL is left", () => !all.Any(ProcessTable.IsRunning));
    }

    [Test]
    public void Folder_of_a_living_owner_is_left_alone()
    {
        using var folder = TempFolder.Create("test");

        TempFolder.RemoveStale();

        Directory.Exists(folder.Path).Should().BeTrue();
    }

    [Test]
    public async Task Disposed_server_leaves_neither_process_nor_folder()
    {
        var server = await RedisServer.StartAsync().WithinDeadline(Patience);
        var (process, folder) = (server.ProcessId, FolderOf(server.ProcessId));

        await server.DisposeAsync().WithinDeadline();

        ProcessTable.IsRunning(process).Should().BeFalse();
        Directory.Exists(folder).Should().BeFalse();
    }

    static async Task<ChildProcess> StartOwnerAsync()
    {
        var assembly = RepositoryPaths.BuiltAssembly(Path.Combine("tools", "Harness"), "Realtime.Harness.dll");
        var owner = await ChildProcess.StartAsync(new("dotnet", assembly) { WorkingDirectory = RepositoryPaths.Root });
        await Eventually.Async("the owner's servers run", () => owner.HasExited || owner.Output.Contains("ConnectionStrings__Redis"), Patience);
        owner.HasExited.Should().BeFalse(owner.Output.Last(20));
        return owner;
    }

    /// <summary>The folder made by the harness in which this process works.</summary>
    static string FolderOf(int pid)
    {
        var folder = new DirectoryInfo(new FileInfo(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/cwd")).LinkTarget!);
        while (!folder!.Name.StartsWith(TempFolder.Prefix, StringComparison.Ordinal))
            folder = folder.Parent;
        return folder.FullName;
    }
}
