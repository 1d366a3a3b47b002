using Npgsql;
using Realtime.Chaos.Cluster;
using Realtime.Chaos.Records;
using Realtime.Contracts;

namespace Realtime.Chaos.Publishing;

/// <summary>Appends events in transactions of its own, through the SQL function; some transactions are rolled back.</summary>
sealed class SqlPublishing(StoreTruth store, UserChoice users, Ledger ledger)
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>Publishes until <paramref name="ending"/>; what is under way then is finished until <paramref name="ct"/>.</summary>
    internal async Task RunAsync(CancellationToken ending, CancellationToken ct)
    {
        while (!ending.IsCancellationRequested)
        {
            var events = users.Next(Random.Shared.Next(1, 4)).Select(user => EventMaker.Make(user)).ToList();
            if (Random.Shared.Next(4) == 0)
                await RollBackAsync(events, ct);
            else
                await CommitAsync(events, hold: TimeSpan.Zero, ct);
            await Task.WhenAny(Task.Delay(Pause, ending));
        }
    }

    /// <summary>Appends, works on for a while, and commits; however often that has to be tried.</summary>
    internal async Task CommitAsync(IReadOnlyList<NewEvent> events, TimeSpan hold, CancellationToken ct)
    {
        var sentAt = Clock.Micros;
        while (true)
        {
            try
            {
                await using var connection = await store.OpenAsync(ct);
                await using var transaction = await connection.BeginTransactionAsync(ct);
                var positions = await AppendAsync(connection, events, ct);
                await Task.Delay(hold, ct);
                await transaction.CommitAsync(ct);
                var now = Clock.Micros;
                for (var i = 0; i < events.Count; i++)
                    ledger.Acknowledge(new(events[i].User, events[i].Id, events[i].Hash, positions[events[i].Id], sentAt, now, now));
                return;
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                ledger.GaveUp(events.Count);
                return;
            }
            catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
            {
                // Committed or not: the same ids again will tell.
                ledger.Retried();
                await Task.WhenAny(Task.Delay(200, ct));
            }
        }
    }

    /// <summary>Appends, works on for a while, and changes its mind.</summary>
    internal async Task RollBackAsync(IReadOnlyList<NewEvent> events, CancellationToken ct, TimeSpan hold = default)
    {
        foreach (var e in events)
            ledger.WillRollBack(e.Id);
        try
        {
            await using var connection = await store.OpenAsync(ct);
            await using var transaction = await connection.BeginTransactionAsync(ct);
            await AppendAsync(connection, events, ct);
            await Task.Delay(hold, ct);
            await transaction.RollbackAsync(ct);
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            // Never committed: rolled back all the same.
            ledger.Retried();
        }
    }

    /// <summary>In the order of users, as every transaction that appends to several should.</summary>
    static async Task<Dictionary<Guid, StreamPosition>> AppendAsync(NpgsqlConnection connection, IEnumerable<NewEvent> events, CancellationToken ct)
    {
        var positions = new Dictionary<Guid, StreamPosition>();
        foreach (var e in events.OrderBy(e => e.User, StringComparer.Ordinal))
        {
            await using var command = new NpgsqlCommand("select position from append_agent_event($1, $2, $3::json, $4)", connection);
            foreach (var value in (object[])[e.User, e.Type, e.Json, e.Id])
                command.Parameters.Add(new() { Value = value });
            positions[e.Id] = StreamPosition.Parse((string)(await command.ExecuteScalarAsync(ct))!);
        }
        return positions;
    }
}
