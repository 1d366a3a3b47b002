using System.Runtime.CompilerServices;

namespace Realtime.Tests.Support;

/// <summary>Every await of a test ends; a hang becomes a failure that names what was awaited.</summary>
static class Deadline
{
    /// <summary>For what takes milliseconds on an idle machine: a busy one may stand still for seconds.</summary>
    internal static readonly TimeSpan Default = TimeSpan.FromSeconds(20);

    internal static async Task Of(Task task, TimeSpan? deadline = null, [CallerArgumentExpression(nameof(task))] string what = "")
    {
        var limit = deadline ?? Default;
        // Not WaitAsync: a TimeoutException of the task itself must stay what it is.
        using var timeout = new CancellationTokenSource(limit);
        var expired = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (timeout.Token.Register(expired.SetResult))
        {
            if (await Task.WhenAny(task, expired.Task) != task)
                throw new AssertionException($"Waited {limit.TotalSeconds:0.#} s in vain for {what}.");
        }
        await task;
    }

    internal static async Task<T> Of<T>(Task<T> task, TimeSpan? deadline = null, [CallerArgumentExpression(nameof(task))] string what = "")
    {
        await Of((Task)task, deadline, what);
        return await task;
    }

    internal static Task WithinDeadline(this Task task, TimeSpan? deadline = null, [CallerArgumentExpression(nameof(task))] string what = "") =>
        Of(task, deadline, what);

    internal static Task<T> WithinDeadline<T>(this Task<T> task, TimeSpan? deadline = null, [CallerArgumentExpression(nameof(task))] string what = "") =>
        Of(task, deadline, what);

    internal static Task WithinDeadline(this ValueTask task, TimeSpan? deadline = null, [CallerArgumentExpression(nameof(task))] string what = "") =>
        Of(task.AsTask(), deadline, what);

    internal static Task<T> WithinDeadline<T>(this ValueTask<T> task, TimeSpan? deadline = null, [CallerArgumentExpression(nameof(task))] string what = "") =>
        Of(task.AsTask(), deadline, what);
}
