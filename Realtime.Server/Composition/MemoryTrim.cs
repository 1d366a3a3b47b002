using Realtime.Server.Telemetry;

namespace Realtime.Server;

/// <summary>
/// Gives memory back after a peak. A node that has little to do allocates little, so it collects no garbage, and would keep for hours
/// what a storm of returning clients or an attack took. While it has little to do and holds much more than at its lowest, it
/// collects once and gives back what is free; where that does not help, less and less often.
/// </summary>
internal sealed class MemoryTrim(TimeProvider time, ILogger<MemoryTrim> logger) : BackgroundService
{
    private const double Much = 1.15;

    /// <summary>Share of one core. A collection stops everything for as long as it takes, some 100 ms with 20,000 connections; those keep a node busier than this.</summary>
    private const double Little = 0.1;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        long lowest = long.MaxValue;
        var wait = Interval;
        long lastTrim = time.GetTimestamp();
        var (worked, since) = (Environment.CpuUsage.TotalTime, time.GetTimestamp());
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                long resident = Environment.WorkingSet;
                lowest = Math.Min(lowest, resident);
                double busy = (Environment.CpuUsage.TotalTime - worked) / time.GetElapsedTime(since);
                (worked, since) = (Environment.CpuUsage.TotalTime, time.GetTimestamp());
                if (resident < Much * lowest) wait = Interval;
                else if (busy < Little && time.GetElapsedTime(lastTrim) >= wait)
                {
                    GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                    ServerLog.MemoryTrimmed(logger, resident >> 20, Environment.WorkingSet >> 20);
                    lastTrim = time.GetTimestamp();
                    wait = 2 * wait < Longest ? 2 * wait : Longest;
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }
}
