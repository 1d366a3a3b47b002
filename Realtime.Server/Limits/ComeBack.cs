namespace Realtime.Server.Limits;

/// <summary>
/// Tells those who are refused when to come back, in whole seconds: spread at random over as long as it takes to admit all who
/// were refused of late, so that they do not return in the same moment only to be refused again. Thread-safe.
/// </summary>
/// <param name="perSecond">How many are admitted.</param>
/// <param name="time">The clock by which those refused are admitted again.</param>
/// <param name="jitter">Uniform in [0, 1).</param>
internal sealed class ComeBack(int perSecond, TimeProvider time, Func<double> jitter)
{
    /// <summary>What clients wait at most, whatever they are told.</summary>
    internal const int LongestSeconds = 30;

    private const int ShortestSpread = 2;
    private readonly Lock _lock = new();
    private double _waiting;
    private long _at;

    /// <summary>Between two bounds, for those whose number says nothing about when there is room.</summary>
    public static int Between(int least, int most, Func<double> jitter) => least + (int)((most - least + 1) * jitter());

    public int Next()
    {
        double spread;
        lock (_lock)
        {
            long now = time.GetTimestamp();
            double before = Math.Max(0, _waiting - (time.GetElapsedTime(_at, now).TotalSeconds * perSecond));
            _waiting = Math.Min(before + 1, (double)perSecond * LongestSeconds); // those who are not coming back are not to be waited for long
            _at = now;
            spread = Math.Clamp(_waiting / perSecond, ShortestSpread, LongestSeconds);
        }

        return 1 + (int)(jitter() * Math.Min(spread, LongestSeconds - 1));
    }
}
