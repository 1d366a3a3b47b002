using System.Diagnostics;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>
/// How long every system is under the scenario's own load before it is measured. The runtime compiles what is hot in the background
/// and in steps; on two busy cores that takes some twenty seconds, and until then an event costs up to twice what it costs later.
/// </summary>
internal static class WarmUp
{
    public const double Seconds = 25;

    /// <summary>Does something again and again for that long, for loads that are no stream of events.</summary>
    public static async Task RepeatAsync(Scale scale, Func<Task> act)
    {
        long start = Stopwatch.GetTimestamp();
        do await act();
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < scale.Seconds(Seconds));
    }
}
