namespace Realtime.Harness.Processes;

/// <summary>The newest lines a child wrote to its standard output and error. Thread-safe.</summary>
sealed class OutputLines(int capacity)
{
    readonly Lock _gate = new();
    readonly Queue<string> _lines = new();

    internal void Add(string line)
    {
        lock (_gate)
        {
            if (_lines.Count == capacity)
                _lines.Dequeue();
            _lines.Enqueue(line);
        }
    }

    internal IReadOnlyList<string> Snapshot()
    {
        lock (_gate)
            return [.. _lines];
    }

    internal string Last(int count) => string.Join('\n', Snapshot().TakeLast(count));

    internal bool Contains(string text) => Snapshot().Any(line => line.Contains(text, StringComparison.OrdinalIgnoreCase));
}
