namespace Realtime.Chaos.Plan;

/// <summary>Numbers that a seed decides, the same in every version of .NET (SplitMix64). Not thread-safe.</summary>
sealed class Dice(int seed)
{
    ulong _state = unchecked((ulong)seed);

    /// <summary>Uniform in [0, 1).</summary>
    internal double Next() => (Draw() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [0, <paramref name="count"/>).</summary>
    internal int Below(int count) => (int)(Next() * count);

    /// <summary>Uniform, both ends included.</summary>
    internal int Between(int lowest, int highest) => lowest + Below(highest - lowest + 1);

    internal List<T> Shuffled<T>(IEnumerable<T> items)
    {
        List<T> shuffled = [.. items];
        for (var i = shuffled.Count - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (shuffled[i], shuffled[j]) = (shuffled[j], shuffled[i]);
        }
        return shuffled;
    }

    ulong Draw()
    {
        unchecked
        {
            _state += 0x9E3779B97F4A7C15;
            var z = _state;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
