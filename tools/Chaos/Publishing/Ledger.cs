using System.Collections.Concurrent;
using Realtime.Chaos.Records;

namespace Realtime.Chaos.Publishing;

/// <summary>What publishers were told. Thread-safe.</summary>
sealed class Ledger
{
    readonly ConcurrentQueue<Acknowledgement> _acknowledged = new();
    readonly ConcurrentDictionary<Guid, bool> _rolledBack = new();
    readonly ConcurrentQueue<string> _refusals = new();
    int _indeterminate;
    long _retries;

    internal IReadOnlyList<Acknowledgement> Acknowledged => [.. _acknowledged];

    internal int AcknowledgedCount => _acknowledged.Count;

    internal IReadOnlySet<Guid> RolledBack => _rolledBack.Keys.ToHashSet();

    /// <summary>Publishes that the server refused although nothing was wrong with them.</summary>
    internal IReadOnlyList<string> Refusals => [.. _refusals];

    /// <summary>Events of which nobody knew at the end whether they are stored: neither promised nor refused.</summary>
    internal int Indeterminate => Volatile.Read(ref _indeterminate);

    /// <summary>Attempts that failed and were made again under the same ids.</summary>
    internal long Retries => Interlocked.Read(ref _retries);

    internal void Acknowledge(Acknowledgement acknowledged) => _acknowledged.Enqueue(acknowledged);

    internal void WillRollBack(Guid id) => _rolledBack[id] = true;

    internal void Refused(string why) => _refusals.Enqueue(why);

    internal void GaveUp(int events) => Interlocked.Add(ref _indeterminate, events);

    internal void Retried() => Interlocked.Increment(ref _retries);
}
