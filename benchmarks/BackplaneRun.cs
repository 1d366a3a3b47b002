using System.Diagnostics;
using System.Globalization;
using Realtime.Harness;

namespace Realtime.Benchmarks;

/// <summary>The stock Redis backplane and ours in turn: 2,000 users connect to one node, then events for them are published on the other.</summary>
internal static class BackplaneRun
{
    private const int Users = 2_000;
    private const int ConnectsAtOnce = 64;
    private const int Events = 20_000;
    private const int Batch = 100;
    private const int Rounds = 3;

    public static async Task RunAsync()
    {
        var ratios = new List<Sample>();
        for (int round = 1; round <= Rounds; round++)
        {
            var stock = await MeasureAsync("Stock");
            var shard = await MeasureAsync("Shard");
            ratios.Add(new Sample(
                shard.ConnectSeconds / stock.ConnectSeconds, shard.ConnectCpu / stock.ConnectCpu, shard.KibPerConnection / stock.KibPerConnection,
                shard.DeliverSeconds / stock.DeliverSeconds, shard.DeliverCpu / stock.DeliverCpu, shard.Missing));
            Print($"round {round}", ratios[^1], stock.Missing);
        }

        Print("median", new Sample(
            Median(r => r.ConnectSeconds), Median(r => r.ConnectCpu), Median(r => r.KibPerConnection), Median(r => r.DeliverSeconds), Median(r => r.DeliverCpu), 0), 0);

        double Median(Func<Sample, double> of) => ratios.Select(of).Order().ElementAt(Rounds / 2);
    }

    private static void Print(string what, Sample r, int stockMissing) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{what}: shard / stock: connect time {r.ConnectSeconds:0.00}, connect CPU {r.ConnectCpu:0.00}, memory per connection {r.KibPerConnection:0.00}, delivery time {r.DeliverSeconds:0.00}, delivery CPU of both nodes {r.DeliverCpu:0.00}; not delivered: shard {r.Missing}, stock {stockMissing}"));

    private static async Task<Sample> MeasureAsync(string backplane)
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        var settings = new Dictionary<string, string?>
        {
            ["ConnectionStrings:Postgres"] = postgres.ConnectionString,
            ["ConnectionStrings:Redis"] = redis.ConnectionString,
            ["Realtime:Backplane"] = backplane,
            ["Realtime:DemoAgent"] = "false",
            ["Authentication:Schemes:Bearer:ValidIssuer"] = "benchmark",
            ["Authentication:Schemes:Bearer:SigningKeys:0:Issuer"] = "benchmark",
            ["Authentication:Schemes:Bearer:SigningKeys:0:Value"] = Convert.ToBase64String(new byte[32]),
        };
        var options = new ServerNodeOptions { EnvironmentName = "Development", Settings = settings };
        await using var a = await ServerNode.StartAsync(options);
        await using var b = await ServerNode.StartAsync(options);
        using var publisher = await Publisher.SignInAsync(a);
        string[] tokens = await Task.WhenAll(Enumerable.Range(0, Users).Select(i => Publisher.TokenAsync(b, $"user_{i}")));

        double rss = Rss(b);
        var cpu = Cpu(b);
        var clock = Stopwatch.StartNew();
        var clients = Enumerable.Range(0, Users).Select(_ => new RawClient()).ToList();
        await Parallel.ForAsync(0, Users, new ParallelOptions { MaxDegreeOfParallelism = ConnectsAtOnce }, async (i, _) => await clients[i].ConnectAsync(b, $"user_{i}", tokens[i]));
        double connectSeconds = clock.Elapsed.TotalSeconds;
        double connectCpu = (Cpu(b) - cpu).TotalSeconds;
        double kib = (Rss(b) - rss) / 1024 / Users;

        cpu = Cpu(a) + Cpu(b);
        clock.Restart();
        for (int sent = 0; sent < Events; sent += Batch) await publisher.PublishBatchAsync(Enumerable.Range(sent, Batch).Select(i => $"user_{i % Users}"));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (clients.Sum(c => c.Events) < Events && clock.Elapsed < TimeSpan.FromSeconds(60)) await timer.WaitForNextTickAsync();
        var sample = new Sample(connectSeconds, connectCpu, kib, clock.Elapsed.TotalSeconds, (Cpu(a) + Cpu(b) - cpu).TotalSeconds, Events - clients.Sum(c => c.Events));
        foreach (var client in clients) client.Dispose();
        return sample;
    }

    private static TimeSpan Cpu(ServerNode node) => Process.GetProcessById(node.ProcessId).TotalProcessorTime;

    private static double Rss(ServerNode node) => Process.GetProcessById(node.ProcessId).WorkingSet64;

    private sealed record Sample(double ConnectSeconds, double ConnectCpu, double KibPerConnection, double DeliverSeconds, double DeliverCpu, int Missing);
}
