using System.Collections.Concurrent;
using System.Diagnostics;

namespace Realtime.Harness.Processes;

/// <summary>
/// Starts every child from one thread that lives as long as the process. The kernel's "signal me when my parent dies"
/// means the parent's <em>thread</em>: a child started from a pool thread would be killed when the pool shrinks.
/// </summary>
static class SpawnerThread
{
    static readonly BlockingCollection<Action> Work = [];

    static SpawnerThread() => new Thread(Run) { IsBackground = true, Name = "harness spawner" }.Start();

    internal static Task StartAsync(Process process)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Work.Add(() =>
        {
            try
            {
                process.Start();
                started.SetResult();
            }
            catch (Exception e)
            {
                started.SetException(e);
            }
        });
        return started.Task;
    }

    static void Run()
    {
        foreach (var start in Work.GetConsumingEnumerable())
            start();
    }
}
