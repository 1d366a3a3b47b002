namespace Realtime.Benchmarks.Scenarios;

/// <summary>Makes a scenario smaller, to try it out; 1 is the real size.</summary>
internal sealed record Scale(double Factor)
{
    /// <summary>A number of users, connections or events.</summary>
    public int Of(int count, int least = 1) => Math.Max(least, (int)Math.Round(count * Factor));

    /// <summary>A duration in seconds, never below half a second.</summary>
    public double Seconds(double seconds) => Math.Max(0.5, seconds * Math.Min(1, Factor * 5));
}
