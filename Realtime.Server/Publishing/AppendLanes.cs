using Microsoft.Extensions.Options;
using Realtime.Server.EventStore;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Publishing;

/// <summary>
/// Where publishes wait whose stream is held by somebody's open transaction: one lane per user, in order, each append of
/// it waiting for the row's lock. A fixed number of lanes waits in the database at once, for a short turn each, so that
/// lanes cannot use up the connections. A lane closes when it is empty. Thread-safe.
/// </summary>
internal sealed class AppendLanes(
    IEventStore store, CommittedEvents committed, IOptions<RealtimeOptions> options, TimeProvider time, ILogger<AppendLanes> logger)
{
    private const int MaxWaitingAtOnce = 8;
    private const int MaxUnitsPerLane = 1_000;
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Queue<PendingUnit>> _lanes = new(StringComparer.Ordinal);
    private readonly HashSet<Task> _running = [];
    private readonly SemaphoreSlim _turns = new(MaxWaitingAtOnce);
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Puts the unit into its lane, if there is one.</summary>
    public bool TryEnter(PendingUnit unit)
    {
        lock (_lock)
        {
            if (!_lanes.TryGetValue(unit.LaneKey, out var lane)) return false;
            Enter(lane, unit);
            return true;
        }
    }

    /// <summary>Puts the unit into its lane, opening it where there is none.</summary>
    public void Open(PendingUnit unit)
    {
        lock (_lock)
        {
            if (!_lanes.TryGetValue(unit.LaneKey, out var lane))
            {
                ServerLog.LaneOpened(logger, unit.LaneKey);
                _lanes.Add(unit.LaneKey, lane = new Queue<PendingUnit>());
                var run = Task.Run(() => RunAsync(unit.LaneKey, lane));
                _running.Add(run);
                _ = run.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }

            Enter(lane, unit);
        }
    }

    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        Task[] running;
        lock (_lock) running = [.. _running];
        await Task.WhenAll(running);
    }

    private static void Enter(Queue<PendingUnit> lane, PendingUnit unit)
    {
        if (lane.Count < MaxUnitsPerLane) lane.Enqueue(unit);
        else unit.Fail(new StoreUnavailableException($"{MaxUnitsPerLane} publishes wait for this stream already."));
    }

    private async Task RunAsync(string key, Queue<PendingUnit> lane)
    {
        var batch = new List<PendingUnit>();
        while (true)
        {
            lock (_lock)
            {
                Fill(batch, lane);
                if (batch.Count == 0)
                {
                    _lanes.Remove(key);
                    return;
                }
            }

            try
            {
                await AppendAsync(batch);
            }
            catch (Exception) when (_stopping.IsCancellationRequested)
            {
                CloseLane(key, lane, batch);
                return;
            }
        }
    }

    /// <summary>Appends what it can; what stays in the batch is tried again.</summary>
    private async Task AppendAsync(List<PendingUnit> batch)
    {
        await _turns.WaitAsync(_stopping.Token);
        try
        {
            DropOverdue(batch); // after the wait for a turn, which may have been long
            if (batch.Count == 0) return;
            using var span = ServerTracing.StartAppend(batch);
            var outcomes = await store.AppendAsync(batch.ConvertAll(u => u.Unit), Turn, _stopping.Token);
            using var together = committed.Hold();
            for (int i = 0; i < outcomes.Count; i++)
            {
                if (outcomes[i] is not AppendOutcome.Skipped) committed.Settle(batch[i], outcomes[i]);
            }

            batch.RemoveAll(u => u.Done.IsCompleted);
        }
        catch (StoreUnavailableException fault)
        {
            ServerLog.AppendFailed(logger, fault, batch.Count);
            foreach (var unit in batch) unit.MayBeStored = true;
            await Task.Delay(Turn, time, _stopping.Token);
        }
        catch (Exception fault) when (!_stopping.IsCancellationRequested)
        {
            ServerLog.AppendBroken(logger, fault, batch.Count);
            foreach (var unit in batch) unit.Fail(new StoreUnavailableException("The append failed.", fault));
            batch.Clear();
        }
        finally
        {
            _turns.Release();
        }
    }

    /// <summary>Moves waiting units into the batch; an id already in it stays behind for the next turn.</summary>
    private void Fill(List<PendingUnit> batch, Queue<PendingUnit> lane)
    {
        var ids = new HashSet<(string, Guid)>(batch.SelectMany(u => u.Unit.Events).Select(e => (e.UserId, e.Id)));
        int events = ids.Count;
        while (events < options.Value.MaxAppendBatch && lane.TryPeek(out var next))
        {
            if (next.Unit.Events.Any(e => ids.Contains((e.UserId, e.Id)))) break;
            foreach (var e in next.Unit.Events) ids.Add((e.UserId, e.Id));
            events += next.Count;
            batch.Add(lane.Dequeue());
        }
    }

    private void DropOverdue(List<PendingUnit> batch)
    {
        var now = time.GetUtcNow();
        foreach (var unit in batch.Where(u => u.Deadline <= now))
            unit.Fail(new StoreUnavailableException("Somebody's open transaction holds this stream."));
        batch.RemoveAll(u => u.Deadline <= now);
    }

    private void CloseLane(string key, Queue<PendingUnit> lane, List<PendingUnit> batch)
    {
        lock (_lock)
        {
            _lanes.Remove(key);
            batch.AddRange(lane);
        }

        foreach (var unit in batch) unit.Fail(new StoreUnavailableException("The server is stopping."));
    }

    private void Forget(Task run)
    {
        lock (_lock) _running.Remove(run);
    }
}
