using System.Diagnostics;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Scenarios;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Questions;

/// <summary>Publishes for 1,000 users at a fixed rate, whatever the answers take.</summary>
internal sealed class PublishLoad : IDisposable
{
    private const int AllUsers = 1_000;
    private const int PerSecond = 300;
    private const int Connections = 128;
    private readonly OpenLoop _loop;

    private PublishLoad(OpenLoop loop, Ledger ledger)
    {
        _loop = loop;
        Ledger = ledger;
    }

    public int Users => Ledger.Users;

    /// <summary>What was published so far.</summary>
    public Ledger Ledger { get; }

    public static async Task<PublishLoad> ConnectAsync(SystemUnderTest system, Scale scale)
    {
        var ledger = new Ledger(scale.Of(AllUsers), lanes: 1);
        return new PublishLoad(await OpenLoop.ConnectAsync(system, ledger, Connections), ledger);
    }

    public async Task<Latencies> MeasureAsync(TimeSpan duration)
    {
        var acknowledged = new Phase(Stopwatch.GetTimestamp());
        int refused = Ledger.Refused;
        await _loop.RunAsync(Users, PerSecond, duration.TotalSeconds, acknowledged);
        return new Latencies(acknowledged.Percentile(50), acknowledged.Percentile(99), acknowledged.Count, Ledger.Refused - refused);
    }

    public void Dispose() => _loop.Dispose();

    /// <summary>Milliseconds from when a publish was due to its answer.</summary>
    internal sealed record Latencies(double P50, double P99, long Sent, int Failed);
}
