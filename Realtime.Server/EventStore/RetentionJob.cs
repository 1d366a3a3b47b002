using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Realtime.Server.Telemetry;

namespace Realtime.Server.EventStore;

/// <summary>
/// Drops events older than <see cref="RealtimeOptions.Retention"/> by the store's clock: a node whose own clock is wrong deletes nothing.
/// Works in small steps with pauses, so that appends are not hurt. Several nodes may run it at once without a lock: every step is
/// idempotent, <c>oldest</c> only rises, and what one node has deleted another finds gone. A stream that an open transaction holds
/// is left for the next run, and so is everything when the store goes away.
/// </summary>
/// <param name="store">What is trimmed.</param>
/// <param name="options">How long events are kept.</param>
/// <param name="time">Drives intervals and pauses.</param>
/// <param name="metrics">Counts what was trimmed.</param>
/// <param name="logger">Where each run that trimmed says so.</param>
/// <param name="jitter">Uniform in [0, 1): lengthens the waits between runs by up to a tenth, so that nodes drift apart.</param>
internal sealed class RetentionJob(
    IEventStore store, IOptions<RealtimeOptions> options, TimeProvider time, ServerMetrics metrics, ILogger<RetentionJob> logger, Func<double> jitter) : BackgroundService
{
    internal static readonly TimeSpan FirstRun = TimeSpan.FromMinutes(1);
    internal static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);
    internal static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Most events deleted by one statement, and the work after which it pauses.</summary>
    internal const int StepEvents = 500;

    internal const int StreamsPerFind = 100;

    /// <summary>What a step costs beside its deletes, in deleted events: many streams with little to trim pause too.</summary>
    private const int StepCost = 25;

    private const double Spread = 0.1;

    private int _work;

    /// <summary>The jitter of a running server.</summary>
    internal static double NextJitter() => RandomNumberGenerator.GetInt32(int.MaxValue) / (double)int.MaxValue;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            for (var wait = FirstRun; ; wait = Interval)
            {
                await Task.Delay(wait + wait * (Spread * jitter()), time, stoppingToken);
                await RunAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        var run = new Run();
        try
        {
            var now = await store.ReadClockAsync(cancellationToken);
            var retention = options.Value.Retention;
            if (now.UtcTicks <= retention.Ticks) return; // longer than there has been time

            var before = now - retention;
            while (await TrimOldestAsync(before, run, cancellationToken))
            {
            }
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            ServerLog.RetentionFailed(logger, fault); // the store is away, most likely: next time
        }
        finally
        {
            if (run.Events > 0) ServerLog.Trimmed(logger, run.Events, run.Streams, options.Value.Retention);
        }
    }

    /// <returns>Whether there may be more that can be trimmed now.</returns>
    private async Task<bool> TrimOldestAsync(DateTimeOffset before, Run run, CancellationToken cancellationToken)
    {
        var expired = await store.FindExpiredAsync(before, StreamsPerFind, cancellationToken);
        bool isAnyDone = false;
        foreach (var (userId, upTo) in expired) isAnyDone |= await TrimAsync(userId, upTo, run, cancellationToken);
        return isAnyDone && expired.Count == StreamsPerFind;
    }

    private async Task<bool> TrimAsync(string userId, long upTo, Run run, CancellationToken cancellationToken)
    {
        bool isCounted = false;
        while (true)
        {
            int? deleted = await store.TrimAsync(userId, upTo, StepEvents, cancellationToken);
            if (deleted is null)
            {
                ServerLog.TrimHeld(logger, userId);
                return false;
            }

            metrics.Trimmed(deleted.Value);
            run.Events += deleted.Value;
            if (deleted > 0 && !isCounted)
            {
                run.Streams++;
                isCounted = true;
            }

            _work += deleted.Value + StepCost;
            if (_work >= StepEvents)
            {
                _work = 0;
                await Task.Delay(Pause, time, cancellationToken);
            }

            if (deleted < StepEvents) return true;
        }
    }

    /// <summary>What one run has trimmed so far.</summary>
    private sealed class Run
    {
        public long Events { get; set; }

        public int Streams { get; set; }
    }
}
