using Realtime.Client.Connection;

namespace Realtime.Client.Recovery;

/// <summary>
/// Decides when to fetch: at once when it is known that something is missing, after a short random hold when a gap may close
/// by itself (pushes can overtake one another), ever less often while the server fails. Not thread-safe.
/// </summary>
internal sealed class FetchSchedule(TimeProvider time, Func<double> jitter, TimeSpan shortestHold, TimeSpan longestHold)
{
    private long? _dueFrom;
    private TimeSpan _delay;
    private bool _isGapOnly;
    private int _losses;

    /// <summary>Fetches that failed in a row.</summary>
    public int Failures { get; private set; }

    /// <summary>Fetch at once, or when the pause after a failure is over.</summary>
    public void Now()
    {
        if (Failures == 0) Set(TimeSpan.Zero);
    }

    /// <summary>Fetch at once, whatever failed before: another question is to be asked.</summary>
    public void Restart()
    {
        Failures = 0;
        Set(TimeSpan.Zero);
    }

    /// <summary>Fetch after a hold, unless a fetch is due already.</summary>
    public void Soon()
    {
        if (_dueFrom is null) Hold();
        _isGapOnly = false;
    }

    /// <summary>Fetch after a hold, unless a fetch is due already or the gap closes first.</summary>
    /// <returns>Whether this began the hold.</returns>
    public bool SoonUnlessClosed()
    {
        if (_dueFrom is not null) return false;
        Hold();
        _isGapOnly = true;
        return true;
    }

    /// <summary>How long until the fetch; <see langword="null"/> when none is due.</summary>
    public TimeSpan? DueIn() => _dueFrom is { } from ? _delay - time.GetElapsedTime(from) : null;

    /// <summary>An event was handed over: a gap that was being held is closed, the next one gets a hold of its own.</summary>
    public void Progressed()
    {
        _losses = 0;
        if (_isGapOnly) _dueFrom = null;
    }

    /// <summary>A fetch has brought what there was.</summary>
    public void Succeeded()
    {
        _losses = 0;
        Failures = 0;
        _dueFrom = null;
    }

    /// <summary>A fetch has failed: the next one follows after a pause, which is never shorter than the server asks.</summary>
    public TimeSpan Failed(Exception? error = null)
    {
        var wait = RetryAfter.Respect(ExponentialBackoffRetryPolicy.DelayFor(Failures, jitter: 0.5, jitter), error, jitter);
        if (Failures < int.MaxValue) Failures++;
        Set(wait);
        return wait;
    }

    /// <summary>The server answers, but does not show what was heard of: ask again, ever less often.</summary>
    /// <param name="answers">How many answers have not shown it.</param>
    public void Unconfirmed(int answers)
    {
        Succeeded();
        Set(ExponentialBackoffRetryPolicy.DelayFor(answers - 1, jitter: 0.5, jitter));
    }

    /// <summary>History was lost: go on at once, but not in a tight loop when that happens again before anything arrived.</summary>
    public void Lost()
    {
        if (_losses++ == 0) Restart();
        else Failed();
    }

    private void Hold() => Set(JitterSource.Between(jitter, shortestHold, longestHold));

    private void Set(TimeSpan delay)
    {
        _isGapOnly = false;
        _dueFrom = time.GetTimestamp();
        _delay = delay;
    }
}
