namespace Realtime.Client;

/// <summary>One spelling for waiting on a clock, whatever the target framework calls it.</summary>
internal static class TimeProviderExtensions
{
    /// <summary>Longest wait a timer takes everywhere.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(24);

    public static Task Wait(this TimeProvider time, TimeSpan delay, CancellationToken cancellationToken)
    {
        if (delay < TimeSpan.Zero) delay = TimeSpan.Zero;
        if (delay > Longest) delay = Longest;
#if NET
        return Task.Delay(delay, time, cancellationToken);
#else
        return time.Delay(delay, cancellationToken);
#endif
    }

    public static CancellationTokenSource CancelAfter(this TimeProvider time, TimeSpan delay) =>
#if NET
        new(delay, time);
#else
        time.CreateCancellationTokenSource(delay);
#endif

    /// <summary>The task, or the end of waiting for it.</summary>
    public static Task OrCancelled(this Task task, CancellationToken cancellationToken) =>
        task.WaitAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);

    /// <summary>The task, or the end of waiting for it.</summary>
    public static Task<T> OrCancelled<T>(this Task<T> task, CancellationToken cancellationToken) =>
        task.WaitAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);

    /// <summary>Whether the task ends in time; its failure is left to whoever owns it.</summary>
    public static async Task<bool> EndsWithin(this Task task, TimeSpan limit, TimeProvider time)
    {
        using var stop = new CancellationTokenSource();
        var first = await Task.WhenAny(task, time.Wait(limit, stop.Token)).ConfigureAwait(false);
        stop.Cancel();
        return first == task;
    }
}
