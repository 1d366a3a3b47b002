using Realtime.Chaos.Faults;
using Realtime.Chaos.Plan;
using Realtime.Chaos.Records;

namespace Realtime.Chaos.Report;

/// <summary>
/// How long events waited from their commit to the handler, over all and during each kind of fault. An event counts for every
/// fault that was going on while it waited, also when another one made it wait.
/// </summary>
sealed class WaitTimes
{
    const int MicrosPerMilli = 1_000;

    readonly Dictionary<FaultKind, (long Deliveries, long Longest)> _byKind = [];
    readonly List<int> _millis = [];

    internal static WaitTimes Measure(History history, IReadOnlyList<FaultOutcome> faults)
    {
        var times = new WaitTimes();
        // An event's time is read under the row lock; a transaction that goes on afterwards commits later, and says when.
        var committed = history.Stored.ToDictionary(e => (e.User, e.Position.Sequence), e => e.TimeMicros);
        foreach (var acknowledged in history.Acknowledged.Where(a => a.CommittedAtMicros > 0))
            committed[(acknowledged.User, acknowledged.Position.Sequence)] = acknowledged.CommittedAtMicros;
        var intervals = faults.GroupBy(f => f.Planned.Kind).Select(g => (Kind: g.Key, Spans: g.Select(f => (f.FromMicros, f.ToMicros)).Order().ToArray())).ToList();

        var first = new HashSet<(string, string, long)>();
        foreach (var run in history.Runs)
            foreach (var handled in run.Records.OfType<ClientRecord.Handled>())
                if (committed.TryGetValue((handled.User, handled.Position.Sequence), out var from) && first.Add((run.Process, handled.User, handled.Position.Sequence)))
                    times.Take(Math.Min(from, handled.AtMicros), handled.AtMicros, intervals);
        times._millis.Sort();
        return times;
    }

    internal (long Deliveries, TimeSpan Longest) Of(FaultKind kind)
    {
        var (deliveries, longest) = _byKind.GetValueOrDefault(kind);
        return (deliveries, TimeSpan.FromMicroseconds(longest));
    }

    /// <summary>The wait that this share of deliveries did not exceed; 1 is the longest.</summary>
    internal TimeSpan Quantile(double share) =>
        _millis.Count == 0 ? TimeSpan.Zero : TimeSpan.FromMilliseconds(_millis[(int)Math.Min(_millis.Count - 1, Math.Ceiling(share * _millis.Count) - 1)]);

    void Take(long from, long to, List<(FaultKind Kind, (long From, long To)[] Spans)> intervals)
    {
        _millis.Add((int)((to - from) / MicrosPerMilli));
        foreach (var (kind, spans) in intervals)
        {
            if (!Array.Exists(spans, span => from <= span.To && to >= span.From))
                continue;
            var (deliveries, longest) = _byKind.GetValueOrDefault(kind);
            _byKind[kind] = (deliveries + 1, Math.Max(longest, to - from));
        }
    }
}
