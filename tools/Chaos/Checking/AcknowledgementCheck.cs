using Realtime.Chaos.Records;

namespace Realtime.Chaos.Checking;

/// <summary>What publishers were told must be what is stored, and in the order in which they knew it.</summary>
static class AcknowledgementCheck
{
    internal static void Run(History history, IReadOnlyDictionary<string, StoredStream> streams, List<Violation> violations)
    {
        foreach (var ofUser in history.Acknowledged.GroupBy(a => a.User))
        {
            foreach (var acknowledged in ofUser)
                CheckStored(acknowledged, streams.GetValueOrDefault(ofUser.Key), violations);
            CheckCausality(ofUser.Key, [.. ofUser], violations);
        }
    }

    static void CheckStored(Acknowledgement acknowledged, StoredStream? stream, List<Violation> violations)
    {
        var stored = stream?.At(acknowledged.Position);
        if (stored is null || stored.Id != acknowledged.Id)
            violations.Add(new(ViolationKind.AcknowledgedNotStored, acknowledged.User, $"{acknowledged.Id} was acknowledged at {acknowledged.Position}"));
        else if (stored.Hash != acknowledged.Hash)
            violations.Add(new(ViolationKind.ContentDiffers, acknowledged.User, $"{acknowledged.Position} is not stored as it was sent"));
    }

    /// <summary>One pass in the order of time: the highest sequence known so far must be below that of whatever is sent next.</summary>
    static void CheckCausality(string user, IReadOnlyList<Acknowledgement> acknowledged, List<Violation> violations)
    {
        var known = acknowledged.OrderBy(a => a.AcknowledgedAtMicros).ToList();
        var next = 0;
        Acknowledgement? highest = null;
        foreach (var sent in acknowledged.OrderBy(a => a.SentAtMicros))
        {
            for (; next < known.Count && known[next].AcknowledgedAtMicros < sent.SentAtMicros; next++)
                if (highest is null || highest.Position.Sequence < known[next].Position.Sequence)
                    highest = known[next];
            if (highest is not null && highest.Position.Sequence >= sent.Position.Sequence)
                violations.Add(new(ViolationKind.CausalityBroken, user, $"{sent.Position} was sent after {highest.Position} had been acknowledged"));
        }
    }
}
