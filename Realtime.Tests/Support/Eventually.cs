using System.Diagnostics;

namespace Realtime.Tests.Support;

/// <summary>Waits for what gives no signal; says what it waited for when that never comes.</summary>
static class Eventually
{
    static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    internal static Task Async(string reason, Func<bool> condition, TimeSpan? deadline = null) =>
        Async(reason, () => Task.FromResult(condition()), deadline);

    /// <summary>Polls until the condition holds. An exception of the condition ends the wait: it is a fault, not "not yet".</summary>
    /// <param name="reason">Completes the sentence "it should happen that …".</param>
    /// <param name="deadline"><see cref="Deadline.Default"/> by default; also bounds one evaluation that hangs.</param>
    internal static async Task Async(string reason, Func<Task<bool>> condition, TimeSpan? deadline = null)
    {
        var limit = deadline ?? Deadline.Default;
        var elapsed = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(Interval);
        while (!await Deadline.Of(condition(), limit, $"an answer to: {reason}"))
        {
            if (elapsed.Elapsed > limit)
                throw new AssertionException($"Waited {limit.TotalSeconds:0.#} s in vain until {reason}.");
            await timer.WaitForNextTickAsync();
        }
    }
}
