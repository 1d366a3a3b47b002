using System.Globalization;
using Realtime.Harness;

namespace Realtime.Benchmarks;

/// <summary>Publishes of 1,000 users at a fixed rate, in turn without and with an open transaction that holds another user's stream.</summary>
internal static class HeldStream
{
    private const int Rounds = 3;
    private static readonly TimeSpan Phase = TimeSpan.FromSeconds(10);

    public static async Task RunAsync()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var node = await ServerNode.StartAsync(new ServerNodeOptions
        {
            EnvironmentName = "Development",
            Settings = new Dictionary<string, string?> { ["ConnectionStrings:Postgres"] = postgres.ConnectionString, ["Realtime:DemoAgent"] = "false" },
        });
        using var publisher = await Publisher.SignInAsync(node);
        await PublishLoad.MeasureAsync(publisher, Phase); // warm-up: creates the streams

        var ratios = new List<double>();
        for (int round = 1; round <= Rounds; round++)
        {
            var free = await PublishLoad.MeasureAsync(publisher, Phase);
            var hold = postgres.PsqlAsync(
                $"begin; select append_agent_event('held', 'briefing.delivered', '{{}}'); select pg_sleep({Phase.TotalSeconds.ToString(CultureInfo.InvariantCulture)}); commit;");
            while (!(await postgres.PsqlAsync("select 'asleep' from pg_stat_activity where wait_event = 'PgSleep'")).Contains("asleep", StringComparison.Ordinal))
                await Task.Delay(20);
            var heldPublish = publisher.PublishAsync("held");
            var held = await PublishLoad.MeasureAsync(publisher, Phase);
            var (status, took) = await heldPublish;
            await hold;
            var (after, _) = await publisher.PublishAsync("held");

            ratios.Add(held.P99 / free.P99);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"round {round}: p99 held / free = {held.P99 / free.P99:0.00}, p50 held / free = {held.P50 / free.P50:0.00}; {held.Failed} of {held.Sent} others failed; the held user's own publish: {status} after {took.TotalSeconds:0.0} s, afterwards {after}"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"median p99 ratio: {ratios.Order().ElementAt(Rounds / 2):0.00} (target: at most 2)"));
    }
}
