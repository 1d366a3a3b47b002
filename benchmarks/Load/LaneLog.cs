namespace Realtime.Benchmarks.Load;

/// <summary>
/// What one connection has received of one publisher: numbers 1, 2, 3 … should come once each and in order. Not
/// thread-safe.
/// </summary>
internal sealed class LaneLog
{
    private HashSet<int>? _missing;
    private int _last;

    public int Duplicated { get; private set; }

    public int Reordered { get; private set; }

    /// <returns>Whether it is new.</returns>
    public bool Add(int number)
    {
        if (number == _last + 1)
        {
            _last = number;
            return true;
        }

        if (number > _last)
        {
            _missing ??= [];
            for (int missing = _last + 1; missing < number; missing++) _missing.Add(missing);
            _last = number;
            return true;
        }

        if (_missing?.Remove(number) == true)
        {
            Reordered++;
            return true;
        }

        Duplicated++;
        return false;
    }

    /// <summary>How many of 1 to <paramref name="issued"/> never came, refused ones aside.</summary>
    public int Lost(int issued, Func<int, bool> isRefused)
    {
        int lost = _missing?.Count(number => !isRefused(number)) ?? 0;
        for (int number = _last + 1; number <= issued; number++)
        {
            if (!isRefused(number)) lost++;
        }

        return lost;
    }
}
