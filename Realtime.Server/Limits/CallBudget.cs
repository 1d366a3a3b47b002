namespace Realtime.Server.Limits;

/// <summary>What came of asking for one more call.</summary>
internal enum CallVerdict
{
    Allowed,
    Refused,

    /// <summary>Refused so often that the connection is to end.</summary>
    Exhausted,
}

/// <summary>
/// The calls that one connection may still make. Not one of the library's buckets: there are as many as connections, so this one is two
/// numbers without a timer, and it goes into debt, which tells one that heeds a refusal from one that does not. Thread-safe.
/// </summary>
internal sealed class CallBudget
{
    /// <summary>How much of its rate it holds, and how far it goes into debt, in seconds.</summary>
    internal const int Seconds = 5;

    private double _left = double.MaxValue;
    private long _at;

    /// <param name="perSecond">Rate; 0 for no limit.</param>
    /// <param name="time">The clock.</param>
    public CallVerdict Take(int perSecond, TimeProvider time)
    {
        if (perSecond == 0) return CallVerdict.Allowed;
        int most = perSecond * Seconds;
        lock (this)
        {
            long now = time.GetTimestamp();
            _left = Math.Min(most, _left + (time.GetElapsedTime(_at, now).TotalSeconds * perSecond)) - 1;
            _at = now;
            if (_left >= 0) return CallVerdict.Allowed;
            if (_left > -most) return CallVerdict.Refused;
            _left = -most;
            return CallVerdict.Exhausted;
        }
    }
}
