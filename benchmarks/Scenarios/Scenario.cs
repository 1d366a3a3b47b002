using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>One question: what is measured of which systems, and what we claim of it.</summary>
internal abstract class Scenario
{
    public abstract string Letter { get; }

    public abstract string Title { get; }

    /// <summary>Measured in turn.</summary>
    public abstract IReadOnlyList<SystemKind> Systems { get; }

    public abstract IReadOnlyList<Claim> Claims { get; }

    /// <summary>How often it is worth repeating.</summary>
    public virtual int MostRounds => int.MaxValue;

    /// <summary>Starts the system, warms it up and measures it.</summary>
    public abstract Task<Measurement> MeasureAsync(Stage stage, SystemKind kind, RunOptions options);
}
