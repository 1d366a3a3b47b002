using System.Diagnostics;
using System.Globalization;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Measure;
using Realtime.Benchmarks.Scenarios;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Questions;

/// <summary>The stock Redis backplane and ours in turn: 2,000 users connect to one node, then events for them are published on the other.</summary>
internal static class BackplaneRun
{
    private const int Users = 2_000;
    private const int ConnectsAtOnce = 64;
    private const int Events = 20_000;
    private const int Batch = 100;
    private const int Rounds = 3;

    public static async Task RunAsync(Scale scale)
    {
        await using var stage = await Stage.StartAsync();
        var ratios = new List<Sample>();
        for (int round = 1; round <= Rounds; round++)
        {
            var stock = await MeasureAsync(stage, "Stock", scale);
            var shard = await MeasureAsync(stage, "Shard", scale);
            ratios.Add(new Sample(
                shard.ConnectSeconds / stock.ConnectSeconds, shard.ConnectCpu / stock.ConnectCpu, shard.BytesPerConnection / stock.BytesPerConnection,
                shard.DeliverSeconds / stock.DeliverSeconds, shard.DeliverCpu / stock.DeliverCpu, shard.Missing));
            Print($"round {round}", ratios[^1], stock.Missing);
        }

        Print("median", new Sample(
            Median(r => r.ConnectSeconds), Median(r => r.ConnectCpu), Median(r => r.BytesPerConnection), Median(r => r.DeliverSeconds), Median(r => r.DeliverCpu), 0), 0);

        double Median(Func<Sample, double> of) => ratios.Select(of).Order().ElementAt(Rounds / 2);
    }

    private static void Print(string what, Sample r, long stockMissing) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{what}: shard / stock: connect time {r.ConnectSeconds:0.00}, connect CPU {r.ConnectCpu:0.00}, memory per connection {r.BytesPerConnection:0.00}, delivery time {r.DeliverSeconds:0.00}, delivery CPU of both nodes {r.DeliverCpu:0.00}; not delivered: shard {r.Missing}, stock {stockMissing}"));

    private static async Task<Sample> MeasureAsync(Stage stage, string backplane, Scale scale)
    {
        int users = scale.Of(Users, least: Batch);
        int events = scale.Of(Events, least: Batch);
        await using var system = await SystemUnderTest.StartAsync(stage, SystemKind.Ours, new SystemOptions
        {
            Nodes = 2,
            PublishersOn = 0,
            ClientsOn = 1,
            Settings = new Dictionary<string, string?> { ["Realtime:Backplane"] = backplane },
        });
        using var audience = new Audience(system, users);
        var ledger = new Ledger(users, lanes: 1);
        using var publisher = await Publisher.ConnectAsync(system, ledger, 0);

        int node = system.Nodes[1].ProcessId;
        long memory = ProcessStat.Memory(node);
        var cpu = ProcessStat.Cpu(node);
        var clock = Stopwatch.StartNew();
        await audience.ConnectAsync(ConnectsAtOnce);
        double connectSeconds = clock.Elapsed.TotalSeconds;
        double connectCpu = (ProcessStat.Cpu(node) - cpu).TotalSeconds;
        double bytes = (double)(ProcessStat.Memory(node) - memory) / users;

        var meter = new Meter(system);
        var start = meter.Read();
        for (int sent = 0; sent < events; sent += Batch) await publisher.PublishArrayAsync([.. Enumerable.Range(sent, Batch).Select(i => i % users)]);
        await audience.WaitForAllAsync(ledger);
        var cost = meter.Since(start);
        return new Sample(connectSeconds, connectCpu, bytes, cost.Elapsed.TotalSeconds, cost.Nodes.TotalSeconds, audience.Audit(ledger).Lost);
    }

    private sealed record Sample(double ConnectSeconds, double ConnectCpu, double BytesPerConnection, double DeliverSeconds, double DeliverCpu, long Missing);
}
