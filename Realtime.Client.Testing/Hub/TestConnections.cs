using System.Collections.Concurrent;
using Microsoft.AspNetCore.SignalR;

namespace Realtime.Client.Testing.Hub;

/// <summary>The open connections of a test server. Thread-safe.</summary>
internal sealed class TestConnections
{
    private readonly ConcurrentDictionary<string, TestConnection> _byId = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Count => _byId.Count;

    public int CountOf(string userId) => _byId.Values.Count(c => c.UserId == userId);

    public IReadOnlyList<string> Users() => [.. _byId.Values.Select(c => c.UserId).Distinct(StringComparer.Ordinal)];

    public void Add(TestConnection connection)
    {
        _byId[connection.Id] = connection;
        Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    public void Remove(string id) => _byId.TryRemove(id, out _);

    public TestConnection Get(string id) => _byId.TryGetValue(id, out var connection) ? connection : throw new HubException("The connection is gone.");

    public async Task WaitForAsync(string userId, TimeSpan timeout, CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = Volatile.Read(ref _changed).Task;
            if (CountOf(userId) > 0) return;
            await changed.WaitAsync(timeout, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Breaks the connections without a word, as a bad network does.</summary>
    public void Cut(Predicate<TestConnection> which)
    {
        foreach (var connection in _byId.Values.Where(c => which(c))) connection.Cut();
    }
}
