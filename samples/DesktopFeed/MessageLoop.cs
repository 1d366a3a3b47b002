using System.Collections.Concurrent;

namespace DesktopFeed;

/// <summary>What a window toolkit brings along, and nothing more: one thread that takes work from a queue, and the context that leads to it.</summary>
public sealed class MessageLoop : SynchronizationContext
{
    private readonly BlockingCollection<(SendOrPostCallback Work, object? State)> _queue = [];
    private int _threadId;

    /// <summary>Whether the caller is on the loop's thread.</summary>
    public bool IsCurrent => Environment.CurrentManagedThreadId == Volatile.Read(ref _threadId);

    /// <summary>Does the queued work on this thread until <see cref="Quit"/>, then returns.</summary>
    public void Run()
    {
        var before = Current;
        Volatile.Write(ref _threadId, Environment.CurrentManagedThreadId);
        SetSynchronizationContext(this);
        try
        {
            foreach (var (work, state) in _queue.GetConsumingEnumerable()) work(state);
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    /// <summary>Ends the loop when what is queued has been done.</summary>
    public void Quit() => Post(_ => _queue.CompleteAdding(), state: null);

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (_queue.IsAddingCompleted) return; // the window is closed
        try
        {
            _queue.Add((d, state));
        }
        catch (InvalidOperationException) when (_queue.IsAddingCompleted)
        {
            // Closed at this moment.
        }
    }

    public override void Send(SendOrPostCallback d, object? state)
    {
        if (IsCurrent)
        {
            d(state);
            return;
        }

        using var done = new ManualResetEventSlim();
        Post(
            _ =>
            {
                try
                {
                    d(state);
                }
                finally
                {
                    done.Set();
                }
            },
            state: null);
        done.Wait();
    }

    public override SynchronizationContext CreateCopy() => this;
}
