using BenchmarkDotNet.Attributes;
using Realtime.Client;
using Realtime.Client.Ordering;
using Realtime.Contracts;

namespace Realtime.ClientBenchmarks;

/// <summary>The gate and what waits behind it.</summary>
public class OrderBenchmarks
{
    private readonly AgentEventEnvelope[] _swapped = [.. Pushes.Envelopes.Chunk(2).SelectMany(pair => pair.Reverse())];
    private StreamCursor[] _cursors = [];

    [GlobalSetup]
    public void MakeCursors() => _cursors =
    [
        new() { ServerUrl = "http://server", UserId = "user", Position = new StreamPosition("k3f9", 0) },
        .. Pushes.Envelopes.Select(e => new StreamCursor { ServerUrl = "http://server", UserId = "user", Position = e.Position, Id = e.Id, Time = e.Time }),
    ];

    [Benchmark(Description = "gate: in order")]
    [BenchmarkCategory("gate")]
    public object InOrder() => Offer(Pushes.Envelopes[10], last: 10) == GateDecision.Deliver ? this : throw new InvalidOperationException();

    [Benchmark(Description = "gate: duplicate")]
    [BenchmarkCategory("gate")]
    public object Duplicate() => Offer(Pushes.Envelopes[10], last: 20) == GateDecision.Duplicate ? this : throw new InvalidOperationException();

    [Benchmark(Description = "gate: ahead")]
    [BenchmarkCategory("gate")]
    public object Ahead() => Offer(Pushes.Envelopes[10], last: 5) == GateDecision.Gap ? this : throw new InvalidOperationException();

    [Benchmark(OperationsPerInvoke = Pushes.Count, Description = "merge: in order")]
    [BenchmarkCategory("merge")]
    public long MergeInOrder() => Merge(Pushes.Envelopes);

    [Benchmark(OperationsPerInvoke = Pushes.Count, Description = "merge: each second one first")]
    [BenchmarkCategory("merge")]
    public long MergeSwapped() => Merge(_swapped);

    private static GateDecision Offer(AgentEventEnvelope received, int last) =>
        SequenceGate.Offer(last, Pushes.Envelopes[last - 1].Time, received.Position.Sequence, received.Time);

    private long Merge(AgentEventEnvelope[] arrivals)
    {
        var merge = new StreamMerge(capacity: Pushes.Count);
        var last = _cursors[0];
        foreach (var pushed in arrivals)
        {
            merge.Push(last, pushed);
            while (merge.TakeNext(last, out var next) == GateDecision.Deliver) last = _cursors[next!.Position.Sequence];
        }

        return last.Position.Sequence == Pushes.Count ? last.Position.Sequence : throw new InvalidOperationException($"Stopped at {last.Position}.");
    }
}
