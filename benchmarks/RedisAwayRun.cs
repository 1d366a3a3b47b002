using System.Collections.Concurrent;
using System.Globalization;
using Realtime.Harness;

namespace Realtime.Benchmarks;

/// <summary>
/// Clients of one node, publishes on the other, each by its own request: the time from commit to receive with Redis, after Redis
/// was killed (the head check is the delivery), and after its return.
/// </summary>
internal static class RedisAwayRun
{
    private const int Users = 1_000; // those of PublishLoad
    private const double LimitMs = 1_500;
    private static readonly TimeSpan Phase = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task RunAsync()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        var options = new ServerNodeOptions
        {
            EnvironmentName = "Development",
            Settings = new Dictionary<string, string?>
            {
                ["ConnectionStrings:Postgres"] = postgres.ConnectionString,
                ["ConnectionStrings:Redis"] = redis.ConnectionString,
                ["Realtime:DemoAgent"] = "false",
                ["Authentication:Schemes:Bearer:ValidIssuer"] = "benchmark",
                ["Authentication:Schemes:Bearer:SigningKeys:0:Issuer"] = "benchmark",
                ["Authentication:Schemes:Bearer:SigningKeys:0:Value"] = Convert.ToBase64String(new byte[32]),
            },
        };
        await using var a = await ServerNode.StartAsync(options);
        await using var b = await ServerNode.StartAsync(options);
        using var publisher = await Publisher.SignInAsync(a);
        var waits = new ConcurrentQueue<double>();
        var clients = Enumerable.Range(0, Users).Select(_ => new RawClient(waits)).ToList();
        await Parallel.ForAsync(0, Users, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, _) =>
            await clients[i].ConnectAsync(b, $"user_{i}", await Publisher.TokenAsync(b, $"user_{i}")));

        await PublishLoad.MeasureAsync(publisher, TimeSpan.FromSeconds(5));
        await MeasureAsync("with Redis");

        await redis.KillAsync();
        await WaitForAsync(b, "degraded");
        await MeasureAsync("Redis killed");

        await redis.RestartAsync();
        await WaitForAsync(b, "healthy");
        await MeasureAsync("Redis is back");
        foreach (var client in clients) client.Dispose();

        async Task MeasureAsync(string what)
        {
            int before = clients.Sum(c => c.Events);
            waits.Clear();
            var published = await PublishLoad.MeasureAsync(publisher, Phase);
            using var limit = new CancellationTokenSource(Patience);
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
            while (clients.Sum(c => c.Events) - before < published.Sent) await timer.WaitForNextTickAsync(limit.Token);
            double[] sorted = [.. waits.Order()];
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{what}: commit to receive p50 {sorted[sorted.Length / 2] / LimitMs:0.000}, p99 {sorted[(int)(sorted.Length * 0.99)] / LimitMs:0.000}, longest {sorted[^1] / LimitMs:0.000} of the limit of 1.5 s; {published.Sent} published, {published.Failed} failed, {clients.Sum(c => c.Events) - before} received"));
        }
    }

    private static async Task WaitForAsync(ServerNode node, string status)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var http = new HttpClient { BaseAddress = node.Address };
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        while (!(await http.GetStringAsync("/health/ready", limit.Token)).Contains($"\"status\":\"{status}\"", StringComparison.Ordinal))
            await timer.WaitForNextTickAsync(limit.Token);
    }
}
