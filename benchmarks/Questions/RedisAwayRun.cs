using System.Diagnostics;
using System.Globalization;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Scenarios;
using Realtime.Benchmarks.Systems;
using Realtime.Harness;

namespace Realtime.Benchmarks.Questions;

/// <summary>
/// Clients of one node, publishes on the other, each by its own request: the time from request to receive with Redis, after Redis
/// was killed (the head check is the delivery), and after its return.
/// </summary>
internal static class RedisAwayRun
{
    private const double LimitMs = 1_500;
    private const double WarmUp = 5;
    private const double Duration = 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task RunAsync(Scale scale)
    {
        var duration = TimeSpan.FromSeconds(scale.Seconds(Duration));
        await using var stage = await Stage.StartAsync();
        await using var system = await SystemUnderTest.StartAsync(stage, SystemKind.Ours, new SystemOptions { Nodes = 2, PublishersOn = 0, ClientsOn = 1 });
        using var load = await PublishLoad.ConnectAsync(system, scale);
        using var audience = new Audience(system, load.Users);
        await audience.ConnectAsync();

        await load.MeasureAsync(TimeSpan.FromSeconds(scale.Seconds(WarmUp)));
        await MeasureAsync("with Redis");

        await stage.Redis.KillAsync();
        await WaitForAsync(system.Nodes[1], "degraded");
        await MeasureAsync("Redis killed");

        await stage.Redis.RestartAsync();
        await WaitForAsync(system.Nodes[1], "healthy");
        await MeasureAsync("Redis is back");

        async Task MeasureAsync(string what)
        {
            var received = new Phase(Stopwatch.GetTimestamp());
            audience.Observe(received);
            var published = await load.MeasureAsync(duration);
            await audience.WaitForAllAsync(load.Ledger);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{what}: request to receive p50 {received.Percentile(50) / LimitMs:0.000}, p99 {received.Percentile(99) / LimitMs:0.000}, longest {received.Percentile(100) / LimitMs:0.000} of the limit of 1.5 s; {published.Sent} published, {published.Failed} failed, {received.Count} received"));
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
