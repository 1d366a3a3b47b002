using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Measure;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>One system with its connected clients, and the book of what is published to them.</summary>
internal sealed class Trial : IAsyncDisposable
{
    private Trial(SystemUnderTest system, Crowd crowd)
    {
        System = system;
        Audience = new Audience(system, crowd.Users, crowd.ConnectionsPerUser, crowd.Lanes);
        Ledger = new Ledger(crowd.Users, crowd.Lanes);
    }

    public SystemUnderTest System { get; }

    public Audience Audience { get; }

    public Ledger Ledger { get; }

    /// <summary>Starts the system and connects everybody.</summary>
    public static async Task<Trial> StartAsync(Stage stage, SystemKind kind, int nodes, Crowd crowd)
    {
        var trial = new Trial(await SystemUnderTest.StartAsync(stage, kind, new SystemOptions { Nodes = nodes }), crowd);
        await trial.Audience.ConnectAsync();
        return trial;
    }

    /// <summary>Runs a load until all of it is delivered: what is acknowledged but still on its way is not done.</summary>
    /// <param name="load">Publishes.</param>
    /// <param name="helpers">Further processes of the load generator.</param>
    public async Task<Cost> RunAsync(Func<Task> load, params IReadOnlyList<int> helpers)
    {
        var meter = new Meter(System, helpers);
        var start = meter.Read();
        await load();
        await Audience.WaitForAllAsync(Ledger);
        return meter.Since(start);
    }

    public Measurement Result(IReadOnlyDictionary<string, double> figures, Cost cost) => new(figures, Audience.Audit(Ledger), cost);

    public async ValueTask DisposeAsync()
    {
        Audience.Dispose();
        await System.DisposeAsync();
    }
}
