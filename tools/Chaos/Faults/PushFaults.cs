using System.Globalization;
using System.Text;
using Realtime.Chaos.Plan;
using Realtime.Chaos.Publishing;
using Realtime.Harness;

namespace Realtime.Chaos.Faults;

/// <summary>Redis as a bad messenger: pushes out of order, twice, late, or not at all.</summary>
static class PushFaults
{
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

    /// <summary>Unsubscribes one or all shards of a node on its own wire, behind its back.</summary>
    internal static async Task UnsubscribeAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        var node = context.Node(fault.Target);
        var pattern = fault.Variant % 3 == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"realtime:{fault.Variant % 8}:*");
        var command = pattern is null
            ? "*1\r\n$12\r\nPUNSUBSCRIBE\r\n"
            : string.Create(CultureInfo.InvariantCulture, $"*2\r\n$12\r\nPUNSUBSCRIBE\r\n${pattern.Length}\r\n{pattern}\r\n");
        var isDone = false;
        foreach (var port in await SubscribersAsync(context.Cluster.Redis, ct))
            isDone |= await node.Redis.TryInjectAsync(port, Encoding.ASCII.GetBytes(command));
        if (!isDone)
            context.Complain(string.Create(CultureInfo.InvariantCulture, $"#{fault.Number}: {node.Name} has no subscription that could be taken away"));
        await Task.Delay(fault.Length, ct);
    }

    static async Task<IReadOnlyList<int>> SubscribersAsync(RedisServer redis, CancellationToken ct) =>
    [
        .. (await redis.CliAsync(["CLIENT", "LIST", "TYPE", "pubsub"], ct)).Split('\n')
            .SelectMany(line => line.Split(' ')).Where(word => word.StartsWith("addr=", StringComparison.Ordinal))
            .Select(word => int.Parse(word[(word.LastIndexOf(':') + 1)..].Trim(), CultureInfo.InvariantCulture)),
    ];
}
