namespace Realtime.Client.Testing.Access;

/// <summary>Lets everybody pass until somebody closes it; open again when all who closed it have opened it. Thread-safe.</summary>
internal sealed class Gate
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _open = Opened();
    private int _closed;

    public bool IsClosed
    {
        get { lock (_lock) return _closed > 0; }
    }

    /// <summary>Closes it until the result is disposed.</summary>
    public IDisposable Close()
    {
        lock (_lock)
        {
            if (_closed++ == 0) _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        return new Key(this);
    }

    /// <summary>Waits while it is closed.</summary>
    public Task PassAsync(CancellationToken cancellationToken)
    {
        lock (_lock) return _open.Task.WaitAsync(cancellationToken);
    }

    private void Open()
    {
        lock (_lock)
        {
            if (--_closed == 0) _open.SetResult();
        }
    }

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        open.SetResult();
        return open;
    }

    private sealed class Key(Gate gate) : IDisposable
    {
        private Gate? _gate = gate;

        public void Dispose() => Interlocked.Exchange(ref _gate, null)?.Open();
    }
}
