using System.Diagnostics;
using Realtime.Chaos.Cluster;
using Realtime.Harness;

namespace Realtime.Chaos.Clients;

/// <summary>All client processes of a run.</summary>
sealed class ClientFleet : IAsyncDisposable
{
    /// <summary>How many .NET processes read every stream.</summary>
    internal const int DotnetProcesses = 3;

    /// <summary>The JavaScript process reads one stream of this many.</summary>
    const int OneInJavaScript = 5;

    ClientFleet(IReadOnlyList<ClientProcess> processes) => Processes = processes;

    internal IReadOnlyList<ClientProcess> Processes { get; }

    internal IEnumerable<(string Process, string User)> Clients => Processes.SelectMany(p => p.Users.Select(u => (p.Name, u)));

    /// <summary>Starts every process; its clients connect in their own time.</summary>
    internal static async Task<ClientFleet> StartAsync(ChaosCluster cluster, IReadOnlyList<string> users, string folder, ClientProgram? javaScript, TimeSpan tokenLife)
    {
        var host = Environment.ProcessPath is { } self && Path.GetFileName(self) == "dotnet" ? self : "dotnet";
        var dotnet = new ClientProgram(host, [typeof(ClientFleet).Assembly.Location, ClientCommand.Name]);
        var processes = Enumerable.Range(1, DotnetProcesses).Select(i => Make($"net{i}", dotnet, users)).ToList();
        if (javaScript is not null)
            processes.Add(Make("js", javaScript, [.. users.Where((_, i) => i % OneInJavaScript == 0)]));
        var fleet = new ClientFleet(processes);
        try
        {
            foreach (var process in processes)
                await process.StartAsync();
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }

        ClientProcess Make(string name, ClientProgram program, IReadOnlyList<string> ofUsers) =>
            new(name, program, Path.Combine(folder, name), ofUsers, CuttableProxy.Start(cluster.NextNode), cluster.Secret, tokenLife);
    }

    /// <summary>Waits until each client knows where it begins: what is published later is its to receive.</summary>
    internal Task<bool> WaitUntilBegunAsync(TimeSpan patience, CancellationToken ct) => WaitAsync(() => Processes.All(p => p.HasBegun), patience, ct);

    /// <summary>Waits until each client has got as far as its stream goes; returns those that have not.</summary>
    internal async Task<IReadOnlyList<string>> WaitUntilCaughtUpAsync(IReadOnlyDictionary<string, long> heads, TimeSpan patience, CancellationToken ct)
    {
        await WaitAsync(() => Behind().Count == 0, patience, ct);
        return Behind();

        List<string> Behind() =>
        [
            .. from process in Processes
               from user in process.Users
               let reached = process.ReachedBy(user)
               where reached < heads.GetValueOrDefault(user)
               select $"{process.Name}, {user}: at {reached} of {heads[user]}",
        ];
    }

    /// <summary>The smallest saved cursor of a user's clients; null when one of them has none.</summary>
    internal long? LowestCursorOf(string user, ClientProcess? except = null)
    {
        var cursors = Processes.Where(p => p != except && p.Users.Contains(user)).Select(p => p.SavedCursorOf(user)).ToList();
        return cursors.Count == 0 || cursors.Contains(null) ? null : cursors.Min();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Processes)
            await process.DisposeAsync();
    }

    static async Task<bool> WaitAsync(Func<bool> condition, TimeSpan patience, CancellationToken ct)
    {
        for (var elapsed = Stopwatch.StartNew(); !condition(); await Task.Delay(300, ct))
            if (elapsed.Elapsed > patience)
                return false;
        return true;
    }
}
