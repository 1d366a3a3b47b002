using Realtime.Chaos.Checking;
using Realtime.Chaos.Records;
using StreamPosition = Realtime.Contracts.StreamPosition;

namespace Realtime.Tests.Chaos;

/// <summary>Short words for histories: one user, ids and hashes that follow from the sequence.</summary>
static class Seen
{
    internal const string User = "u";
    internal const string Process = "p";

    internal static StreamPosition At(long sequence) => new("e", sequence);

    internal static Guid IdOf(long sequence) => new((int)sequence, 0, 0, new byte[8]);

    internal static StoredEvent[] Stored(int count) =>
        [.. Enumerable.Range(1, count).Select(i => new StoredEvent(User, At(i), IdOf(i), $"h{i}", 1_000 + i, IsTrimmed: false))];

    internal static ClientRecord Began(long sequence) => new ClientRecord.Began(User, At(sequence));

    internal static ClientRecord OneHandled(long sequence) => new ClientRecord.Handled(User, At(sequence), IdOf(sequence), $"h{sequence}", 2_000);

    internal static ClientRecord[] Handled(params long[] sequences) => [.. sequences.Select(OneHandled)];

    internal static ClientRecord Lost(long last, long oldest, string reason = "trimmed") => new ClientRecord.Lost(User, reason, At(last), At(99), At(oldest));

    internal static Acknowledgement Acknowledged(long sequence, long sentAt, long acknowledgedAt) =>
        new(User, IdOf(sequence), $"h{sequence}", At(sequence), sentAt, acknowledgedAt);

    internal static CheckResult Check(StoredEvent[] stored, params ClientRecord[][] runs) => HistoryChecker.Check(History(stored, runs));

    internal static History History(StoredEvent[] stored, params ClientRecord[][] runs) => new()
    {
        Stored = stored,
        Runs = [.. runs.Select((records, i) => new ClientRun(Process, i + 1, records))],
        Clients = [(Process, User)],
    };

    internal static ViolationKind[] Kinds(this CheckResult result) => [.. result.Violations.Select(violation => violation.Kind).Distinct()];
}
