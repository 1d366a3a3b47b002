namespace Realtime.Baselines;

/// <summary>How many connections are in their groups, so that a benchmark knows when it may publish.</summary>
internal sealed class JoinedCount
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public void Add() => Interlocked.Increment(ref _count);

    public void Remove() => Interlocked.Decrement(ref _count);
}
