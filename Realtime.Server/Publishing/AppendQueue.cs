using Microsoft.Extensions.Options;
using Realtime.Server.EventStore;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Publishing;

/// <summary>
/// Group commit: publishes that arrive while an append is under way go together into the next one, without a timer. When enough
/// of them have come, and the store gets on with two at once, the next one begins beside it, for other users.
/// A publisher waits for the commit, at most <see cref="RealtimeOptions.PublishTimeout"/>, and never for the push.
/// The queue is bounded; full means "unavailable" at once. Streams held by somebody's open transaction leave for
/// <see cref="AppendLanes"/>, so that one user never delays another. Thread-safe.
/// </summary>
internal sealed class AppendQueue : BackgroundService
{
    private static readonly TimeSpan PauseAfterFault = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// What arrives a moment later goes into the same transaction, when publishers seem to be many but not so many that a batch fills
    /// by itself. Measured at 1,000 single publishes/s; see ADR 9.
    /// </summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(1);

    private readonly IEventStore _store;
    private readonly CommittedEvents _committed;
    private readonly AppendLanes _lanes;
    private readonly RealtimeOptions _options;
    private readonly TimeProvider _time;
    private readonly ServerMetrics _metrics;
    private readonly ILogger<AppendQueue> _logger;
    private readonly AppendBacklog _backlog;
    private readonly List<Flight> _flights = []; // only the loop touches it
    private Task _settling = Task.CompletedTask; // the batch before is pushed and answered while the next is under way
    private int _waiting; // events of units that are neither completed nor failed
    private int _lastBatch; // units

    public AppendQueue(
        IEventStore store, CommittedEvents committed, AppendLanes lanes, IOptions<RealtimeOptions> options, TimeProvider time, ServerMetrics metrics, ILogger<AppendQueue> logger)
    {
        _store = store;
        _committed = committed;
        _lanes = lanes;
        _options = options.Value;
        _time = time;
        _metrics = metrics;
        _logger = logger;
        _backlog = new AppendBacklog(lanes, _options.MaxAppendBatch, time);
        metrics.WatchQueue(() => Volatile.Read(ref _waiting));
    }

    private bool MayLaunch => _flights.Count == 0 || (_flights.Count < _store.ConcurrentAppends && _backlog.HasEnoughForAnother);

    /// <summary>Whether several publishes went into the last batch, and few wait for the next.</summary>
    private bool IsWorthGathering => _flights.Count == 0 && _lastBatch is > 1 and < AppendBacklog.EnoughForAnother && !_backlog.HasEnoughForAnother;

    /// <summary>Appends a unit and waits for its commit.</summary>
    /// <exception cref="StoreUnavailableException">No acknowledgement in time, or the queue is full.</exception>
    /// <exception cref="InvalidEventException">The database does not take an event of the unit.</exception>
    public async Task<IReadOnlyList<AppendedEvent>> AppendAsync(AppendUnit unit, CancellationToken cancellationToken)
    {
        var pending = new PendingUnit(unit, _time.GetUtcNow() + _options.PublishTimeout);
        long began = _metrics.Now;
        if (!TryReserve(pending.Count))
        {
            _metrics.PublishUnavailable();
            throw new StoreUnavailableException($"{_options.PublishQueueCapacity} events are waiting for the store already.");
        }

        // The place is given back when the unit is done with, not when its publisher has gone: a store that hangs while
        // publishers give up and come again must not fill the memory.
        _ = pending.Done.ContinueWith(Release, pending.Count, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        if (!_backlog.TryAdd(pending)) pending.Fail(Stopping());
        try
        {
            var stored = await pending.Done.WaitAsync(_options.PublishTimeout, _time, cancellationToken);
            _metrics.PublishAcknowledged(began);
            return stored;
        }
        catch (TimeoutException)
        {
            _metrics.PublishUnavailable();
            throw new StoreUnavailableException($"The store did not acknowledge within {_options.PublishTimeout}.");
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);

        // A loop that was stopped before it began has answered nobody.
        if (ExecuteTask is { IsCompleted: true }) await AnswerAllAsync();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                if (IsWorthGathering) await Task.Delay(Gathering, _time, stoppingToken);
                while (MayLaunch && _backlog.Take(_flights.SelectMany(f => f.Batch)) is { Count: > 0 } batch) Launch(batch, stoppingToken);
                await _backlog.WaitAsync(stoppingToken);
                while (_flights.Find(f => f.Append.IsCompleted) is { } flight)
                {
                    if (!await LandAsync(flight, stoppingToken)) await Task.Delay(PauseAfterFault, _time, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping: those who still wait are told below.
        }
        finally
        {
            while (_flights.Count > 0) await LandAsync(_flights[0], stoppingToken);
            await _settling;
            await AnswerAllAsync();
        }
    }

    /// <summary>However the loop ended: nobody who waits, and nobody who comes later, is left without an answer.</summary>
    private async Task AnswerAllAsync()
    {
        foreach (var unit in _backlog.Close()) unit.Fail(Stopping());
        await _lanes.StopAsync();
    }

    private void Launch(List<PendingUnit> batch, CancellationToken stoppingToken)
    {
        _metrics.Batch(batch.Sum(u => u.Count));
        _lastBatch = batch.Count;
        var append = AppendAsync();
        _flights.Add(new Flight(batch, append));
        _ = append.ContinueWith(_ => _backlog.Wake(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

        async Task<IReadOnlyList<AppendOutcome>> AppendAsync()
        {
            using var span = ServerTracing.StartAppend(batch);
            long began = _metrics.Now;
            try
            {
                var outcomes = await _store.AppendAsync(batch.ConvertAll(u => u.Unit), lockWait: null, stoppingToken);
                _metrics.Committed(began, hasFailed: false);
                return outcomes;
            }
            catch (Exception fault)
            {
                _metrics.Committed(began, hasFailed: true);
                ServerTracing.Failed(span, fault);
                throw;
            }
        }
    }

    /// <summary>What follows an append. Never throws.</summary>
    /// <returns>Whether the store answered.</returns>
    private async Task<bool> LandAsync(Flight flight, CancellationToken stoppingToken)
    {
        var batch = flight.Batch;
        IReadOnlyList<AppendOutcome> outcomes;
        try
        {
            outcomes = await flight.Append;
        }
        catch (StoreUnavailableException fault)
        {
            ServerLog.AppendFailed(_logger, fault, batch.Count);
            foreach (var unit in batch) unit.MayBeStored = true;
            _backlog.PutBack(batch);
            return false;
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            foreach (var unit in batch) unit.Fail(Stopping());
            return true;
        }
        catch (Exception fault)
        {
            ServerLog.AppendBroken(_logger, fault, batch.Count);
            foreach (var unit in batch) unit.Fail(new StoreUnavailableException("The append failed.", fault));
            return false;
        }
        finally
        {
            _flights.Remove(flight);
        }

        for (int i = 0; i < batch.Count; i++)
        {
            if (outcomes[i] is AppendOutcome.Skipped) _lanes.Open(batch[i]);
        }

        await _settling;
        _settling = Task.Run(() => Settle(batch, outcomes), CancellationToken.None);
        return true;
    }

    private void Settle(List<PendingUnit> batch, IReadOnlyList<AppendOutcome> outcomes)
    {
        using var together = _committed.Hold();
        for (int i = 0; i < batch.Count; i++)
        {
            if (outcomes[i] is not AppendOutcome.Skipped) _committed.Settle(batch[i], outcomes[i]);
        }
    }

    private static StoreUnavailableException Stopping() => new("The server is stopping.");

    private void Release(Task done, object? events) => Interlocked.Add(ref _waiting, -(int)events!);

    private bool TryReserve(int events)
    {
        if (Interlocked.Add(ref _waiting, events) <= _options.PublishQueueCapacity) return true;
        Interlocked.Add(ref _waiting, -events);
        return false;
    }

    private sealed record Flight(List<PendingUnit> Batch, Task<IReadOnlyList<AppendOutcome>> Append);
}
