namespace Realtime.Tests.Simulation;

/// <summary>Chance from one seed: the same seed gives the same numbers on every machine and every version of .NET.</summary>
sealed class SimRandom(ulong seed)
{
    ulong _state = seed * 0x9E3779B97F4A7C15UL + 0xD1B54A32D192ED03UL;

    internal ulong NextBits()
    {
        ulong z = _state += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    /// <summary>In [0, 1).</summary>
    internal double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    internal bool Chance(double probability) => probability > 0 && NextDouble() < probability;

    /// <summary>From <paramref name="least"/> to <paramref name="most"/>, both included.</summary>
    internal long Between(long least, long most) => least + (long)(NextBits() % (ulong)(most - least + 1));

    internal TimeSpan Ms(int least, int most) => TimeSpan.FromTicks(Between(least * TimeSpan.TicksPerMillisecond, most * TimeSpan.TicksPerMillisecond));

    internal T Of<T>(params ReadOnlySpan<T> choices) => choices[(int)(NextBits() % (ulong)choices.Length)];
}
