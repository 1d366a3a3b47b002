using System.Diagnostics;
using System.Globalization;
using Realtime.Chaos.Clients;
using Realtime.Chaos.Plan;
using Realtime.Chaos.Publishing;

namespace Realtime.Chaos.Faults;

/// <summary>What happens to the streams themselves: held by a transaction, or trimmed.</summary>
static class StreamFaults
{
    static readonly TimeSpan CatchUpPatience = TimeSpan.FromSeconds(8);

    internal static async Task HoldAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        List<NewEvent> events = [.. Enumerable.Range(0, 1 + fault.Variant % 4).Select(i => EventMaker.Make(context.User(fault.Target + i)))];
        if (fault.Variant % 3 == 0)
            await context.Sql.RollBackAsync(events, ct, fault.Length);
        else
            await context.Sql.CommitAsync(events, fault.Length, ct);
    }

    /// <summary>
    /// Behind the slowest client of one user, which nobody may notice; and ahead of a client that is away, which that client
    /// must report when it comes back, and no other.
    /// </summary>
    internal static async Task TrimAsync(FaultContext context, PlannedFault fault, CancellationToken ct)
    {
        var slow = context.User(fault.Target + 1);
        if (context.Fleet.LowestCursorOf(slow) is { } behind)
            await context.Store.TrimAsync(slow, behind, ct);

        var away = context.Process(fault.Target);
        var user = away.Users[fault.Target % away.Users.Count];
        await away.KillAsync();
        await context.Sql.CommitAsync([.. Enumerable.Range(0, 10).Select(_ => EventMaker.Make(user))], TimeSpan.Zero, ct);
        var head = (await context.Store.HeadsAsync(ct))[user];
        for (var elapsed = Stopwatch.StartNew(); context.Fleet.LowestCursorOf(user, except: away) < head && elapsed.Elapsed < CatchUpPatience;)
            await Task.Delay(100, ct);
        if (context.Fleet.LowestCursorOf(user, except: away) is { } reached)
        {
            lock (context.MayLose)
                context.MayLose.Add((away.Name, user));
            var elapsed = Stopwatch.StartNew();
            while (!await context.Store.TrimAsync(user, Math.Min(reached, head), ct))
            {
                if (elapsed.Elapsed > CatchUpPatience)
                {
                    context.Complain(string.Create(CultureInfo.InvariantCulture, $"#{fault.Number}: the stream of {user} was held, so nothing was trimmed"));
                    break;
                }
                await Task.Delay(100, ct);
            }
        }
        await away.StartAsync();
    }
}
