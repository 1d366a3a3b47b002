using System.Diagnostics;
using System.Globalization;
using System.Text;
using Realtime.Chaos.Cluster;
using Realtime.Chaos.Plan;
using Realtime.Chaos.Publishing;
using Realtime.Harness;

namespace Realtime.Chaos.Faults;

/// <summary>Redis as a bad messenger: pushes out of order, twice, late, or not at all.</summary>
static class PushFaults
{
    static readonly TimeSpan SubscriptionPatience = TimeSpan.FromSeconds(15);

    /// <summary>
    /// New events, whose pushes come last first and then again; and old pushes that come back. Appended in SQL, so that no
    /// server pushes them in order before.
    /// </summary>
    internal static async Task SwapAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        var dice = new Dice(fault.Variant);
        for (var i = 0; i < 6; i++)
        {
            var user = context.User(fault.Target + i);
            var events = Enumerable.Range(0, 4).Select(_ => EventMaker.Make(user)).ToList();
            await context.Sql.CommitAsync(events, TimeSpan.Zero, ct);
            await context.Pushes.ReplayAsync(dice.Shuffled(context.Pushes.Recent(user, 20)));
            await context.Pushes.PushSwappedAsync(context.Store, user, [.. events.Select(e => e.Id)], ct);
            await context.Pushes.ReplayAsync(dice.Shuffled(context.Pushes.Recent(user: null, 50)));
        }
    }

    /// <summary>Unsubscribes one or all shards of a node on its own wire, behind its back, and makes sure that Redis took it.</summary>
    internal static async Task UnsubscribeAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        var node = context.Node(fault.Target);
        var pattern = fault.Variant % 3 == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"realtime:{fault.Variant % 8}:*");
        var command = Encoding.ASCII.GetBytes(pattern is null
            ? "*1\r\n$12\r\nPUNSUBSCRIBE\r\n"
            : string.Create(CultureInfo.InvariantCulture, $"*2\r\n$12\r\nPUNSUBSCRIBE\r\n${pattern.Length}\r\n{pattern}\r\n"));
        for (var elapsed = Stopwatch.StartNew(); !await TryUnsubscribeAsync(context.Cluster.Redis, node, command, ct); await Task.Delay(200, ct))
        {
            if (elapsed.Elapsed > SubscriptionPatience)
            {
                context.Complain(string.Create(CultureInfo.InvariantCulture, $"#{fault.Number}: {node.Name} has no subscription that could be taken away"));
                return;
            }
        }
        await Task.Delay(fault.Length, ct);
    }

    /// <summary>A node that has just started, or that Redis has just dropped, has none for a moment.</summary>
    static async Task<bool> TryUnsubscribeAsync(RedisServer redis, ChaosNode node, byte[] command, CancellationToken ct)
    {
        foreach (var (port, before) in await SubscribersAsync(redis, ct))
        {
            if (before == 0 || !await node.Redis.TryInjectAsync(port, command))
                continue;
            await Task.Delay(100, ct);
            if ((await SubscribersAsync(redis, ct)).GetValueOrDefault(port) < before)
                return true;
        }
        return false;
    }

    /// <summary>Per connection, by its port, how many patterns it is subscribed to.</summary>
    static async Task<Dictionary<int, int>> SubscribersAsync(RedisServer redis, CancellationToken ct)
    {
        var clients = (await redis.CliAsync(["CLIENT", "LIST"], ct)).Split('\n').Select(line => line.Split(' ')).Where(words => words.Length > 1);
        return clients.ToDictionary(words => Number(words, "addr=", ':'), words => Number(words, "psub=", '='));

        static int Number(string[] words, string name, char before)
        {
            var word = words.First(w => w.StartsWith(name, StringComparison.Ordinal)).Trim();
            return int.Parse(word[(word.LastIndexOf(before) + 1)..], CultureInfo.InvariantCulture);
        }
    }
}
