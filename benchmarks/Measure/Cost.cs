namespace Realtime.Benchmarks.Measure;

/// <summary>What a phase took, by the operating system's count.</summary>
internal sealed record Cost(TimeSpan Elapsed, TimeSpan Nodes, TimeSpan Redis, TimeSpan Postgres, TimeSpan Generator, TimeSpan Machine)
{
    /// <summary>All server-side processes.</summary>
    public TimeSpan Servers => Nodes + Redis + Postgres;

    public double ServerMicroseconds => Servers.TotalMicroseconds;

    public double ServerMilliseconds => Servers.TotalMilliseconds;

    /// <summary>Part of all cores, 0 to 1, that the load generator used.</summary>
    public double GeneratorShare => ShareOf(Generator);

    public double ServerShare => ShareOf(Servers);

    /// <summary>The same of programs that have nothing to do with the measurement: above some percent they spoil it.</summary>
    public double StrangersShare => Math.Max(0, ShareOf(Machine - Servers - Generator));

    private double ShareOf(TimeSpan cpu) => cpu / (Elapsed * Environment.ProcessorCount);
}
