using System.Diagnostics;

namespace Realtime.Harness;

/// <summary>Polls for what another process gives no signal of.</summary>
static class Wait
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    internal static Task UntilAsync(Func<bool> condition, TimeSpan deadline, Func<string> complaint, CancellationToken ct) =>
        UntilAsync(() => Task.FromResult(condition()), deadline, complaint, ct);

    /// <exception cref="HarnessException">The deadline passed; <paramref name="complaint"/> is the message.</exception>
    internal static async Task UntilAsync(Func<Task<bool>> condition, TimeSpan deadline, Func<string> complaint, CancellationToken ct)
    {
        var elapsed = Stopwatch.StartNew();
        while (!await condition())
        {
            if (elapsed.Elapsed > deadline)
                throw new HarnessException(complaint());
            await Task.Delay(Pause, ct);
        }
    }
}
