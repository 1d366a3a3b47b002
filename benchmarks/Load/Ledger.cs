using System.Collections.Concurrent;

namespace Realtime.Benchmarks.Load;

/// <summary>Which numbers were given to events of which user and lane, and which of them the server has not acknowledged. Thread-safe.</summary>
internal sealed class Ledger(int users, int lanes)
{
    private readonly int[] _issued = new int[users * lanes];
    private readonly ConcurrentDictionary<(int Slot, int Number), bool> _refused = new();
    private long _acknowledged;

    public int Lanes => lanes;

    public int Users => users;

    /// <summary>Events that the server has acknowledged.</summary>
    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    public int Refused => _refused.Count;

    /// <summary>The next number.</summary>
    public int Issue(int user, int lane) => Interlocked.Increment(ref _issued[Slot(user, lane)]);

    public int Issued(int user, int lane) => Volatile.Read(ref _issued[Slot(user, lane)]);

    public void Acknowledge(int events) => Interlocked.Add(ref _acknowledged, events);

    public void Refuse(int user, int lane, int number) => _refused[(Slot(user, lane), number)] = true;

    public bool IsRefused(int user, int lane, int number) => _refused.ContainsKey((Slot(user, lane), number));

    private int Slot(int user, int lane) => (user * lanes) + lane;
}
