using Realtime.Chaos.Records;

namespace Realtime.Chaos.Checking;

/// <summary>
/// Compares what was promised with what applications saw. A pure function of records: it knows nothing of the system, so
/// nothing the system believes about itself can mislead it.
/// </summary>
static class HistoryChecker
{
    internal static CheckResult Check(History history)
    {
        var violations = new List<Violation>();
        var streams = history.Stored.GroupBy(e => e.User).ToDictionary(g => g.Key, g => new StoredStream(g.Key, g, history.Trims.GetValueOrDefault(g.Key) ?? []));
        foreach (var stream in streams.Values)
            stream.CheckOrder(violations);
        AcknowledgementCheck.Run(history, streams, violations);

        var wanted = history.Clients.ToHashSet();
        long deliveries = 0, repeated = 0;
        var losses = 0;
        foreach (var client in history.Runs.SelectMany(run => run.Records.Select(r => (run.Process, r.User)).Distinct()).Concat(wanted).Distinct())
        {
            var stream = streams.GetValueOrDefault(client.User) ?? new StoredStream(client.User, [], history.Trims.GetValueOrDefault(client.User) ?? []);
            var check = new ClientCheck(client.Process, client.User, stream, history, violations);
            foreach (var run in history.Runs.Where(r => r.Process == client.Process).OrderBy(r => r.Number))
                check.Run(run);
            if (wanted.Contains(client))
                check.End();
            deliveries += check.Deliveries;
            repeated += check.Repeated;
            losses += check.TrueLosses;
        }
        return new() { Violations = violations, Deliveries = deliveries, RepeatedAfterCrash = repeated, TrueHistoryLost = losses };
    }
}
