using System.Diagnostics;

namespace Realtime.Benchmarks.Load;

/// <summary>Every worker publishes its next event when the last one is acknowledged.</summary>
internal static class ClosedLoop
{
    /// <param name="workers">Each publishes on its own.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="publish">One publish of a worker, by its number and how many it has made.</param>
    public static Task RunAsync(IReadOnlyList<Publisher> workers, double seconds, Func<Publisher, int, int, ValueTask<bool>> publish)
    {
        long end = Stopwatch.GetTimestamp() + (long)(seconds * Stopwatch.Frequency);
        return Task.WhenAll(workers.Select((worker, number) => Task.Run(async () =>
        {
            for (int made = 0; Stopwatch.GetTimestamp() < end; made++) await publish(worker, number, made);
        })));
    }

    /// <summary>The users that belong to one worker alone, in turn: so a user's events are published one after the other.</summary>
    public static int UserOf(int worker, int workers, int made, int users)
    {
        int own = Math.Max(1, (users - worker + workers - 1) / workers);
        return (worker + (made % own * workers)) % users;
    }
}
