namespace FeedLibrary;

/// <summary>Work on a UI thread that somebody elsewhere waits for.</summary>
public static class UiThread
{
    /// <summary>Runs the work on the context's thread and completes when it is done, with its error if it failed. Never blocks a thread.</summary>
    public static Task RunAsync(this SynchronizationContext ui, Action work, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        ui.Post(
            _ =>
            {
                try
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    work();
                    done.SetResult(true);
                }
                catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
                {
                    done.SetCanceled();
                }
                catch (Exception fault)
                {
                    done.SetException(fault); // the client tries again, and then does what its HandlerFailure says
                }
            },
            state: null);
        return done.Task;
    }
}
