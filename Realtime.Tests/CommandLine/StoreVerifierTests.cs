using Realtime.Contracts.Serialization;
using Realtime.Server.CommandLine.Verify;
using Realtime.Tests.Support;

namespace Realtime.Tests.CommandLine;

/// <summary>Reading a store that is in use: what others do rightly meanwhile is no fault.</summary>
public sealed class StoreVerifierTests
{
    [TestCase(5, "", TestName = "What_retention_took_while_it_was_read_is_no_fault")]
    [TestCase(3, "events 4 to 5 are missing", TestName = "What_is_missing_beyond_what_retention_took_is_a_fault")]
    public async Task Gaps_are_judged_by_what_is_trimmed_by_then(long trimmedMeanwhile, string expected)
    {
        var faults = new List<StoreFault>();
        var scan = new ScriptedScan { TrimmedMeanwhile = trimmedMeanwhile, FirstStored = 6 };

        await new StoreVerifier(scan, EventTypes.CreateDefault(), new VerifyTally(faults.Add)).RunAsync([], CancellationToken.None).WithinDeadline();

        string.Join('\n', faults.Select(f => f.What)).Should().Be(expected);
    }

    [Test]
    public async Task A_renewal_while_it_reads_is_said()
    {
        var faults = new List<StoreFault>();
        var scan = new ScriptedScan { EpochMeanwhile = "zzzz" };

        await new StoreVerifier(scan, EventTypes.CreateDefault(), new VerifyTally(faults.Add)).RunAsync([], CancellationToken.None).WithinDeadline();

        faults.Should().ContainSingle().Which.Kind.Should().Be(FaultKind.Epoch);
    }

    [Test]
    public async Task A_stream_that_cannot_be_read_does_not_end_the_others()
    {
        var faults = new List<StoreFault>();
        var tally = new VerifyTally(faults.Add);
        var scan = new ScriptedScan { Users = ["anna", "broken", "carl"] };

        await new StoreVerifier(scan, EventTypes.CreateDefault(), tally).RunAsync([], CancellationToken.None).WithinDeadline();

        faults.Should().ContainSingle().Which.Should().Match<StoreFault>(f => f.Kind == FaultKind.Unreadable && f.User == "broken");
        (tally.Streams, tally.Events).Should().Be((3L, 20L));
    }

    /// <summary>Streams of ten events that change between being listed and being read.</summary>
    private sealed class ScriptedScan : IStoreScan
    {
        private const long Head = 10;
        private int _epochReads;

        internal IReadOnlyList<string> Users { get; init; } = ["anna"];

        internal long FirstStored { get; init; } = 1;

        internal long TrimmedMeanwhile { get; init; }

        internal string EpochMeanwhile { get; init; } = "k3f9";

        public string Description => "scripted";

        public Task<(string? Epoch, string? Fault)> ReadEpochAsync(CancellationToken cancellationToken) =>
            Task.FromResult<(string?, string?)>((_epochReads++ == 0 ? "k3f9" : EpochMeanwhile, null));

        public Task<IReadOnlyList<string>> FindMissingIndexesAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([]);

        public Task<long> CountStreamsAsync(CancellationToken cancellationToken) => Task.FromResult(0L);

        public Task<IReadOnlyList<StreamRow>> ReadStreamsAsync(string afterUser, int limit, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<StreamRow>>(afterUser.Length > 0 ? [] : [.. Users.Select(u => Row(u, trimmed: 0))]);

        public Task<StreamRow?> ReadStreamAsync(string user, CancellationToken cancellationToken) => Task.FromResult<StreamRow?>(Row(user, TrimmedMeanwhile));

        public Task<(string? LastUser, IReadOnlyList<string> Orphans)> FindOrphansAsync(string afterUser, int limit, CancellationToken cancellationToken) =>
            Task.FromResult<(string?, IReadOnlyList<string>)>((null, []));

        public Task<int> ReadEventsAsync(string user, long after, long upTo, int limit, Action<ScannedEvent> each, CancellationToken cancellationToken)
        {
            if (user == "broken") throw new InvalidDataException("page 7 is malformed");
            int count = 0;
            for (long sequence = Math.Max(after + 1, FirstStored); sequence <= upTo; sequence++, count++)
                each(new ScannedEvent(sequence, $"00000000-0000-7000-8000-{sequence:000000000000}", "test.happened", sequence, "{}"u8.ToArray(), 2, sequence, 1));
            return Task.FromResult(count);
        }

        public Task<IReadOnlyList<(string Id, long First, long Last)>> FindRepeatedIdsAsync(string user, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<(string, long, long)>>([]);

        public bool IsDamage(Exception fault) => fault is InvalidDataException;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private static StreamRow Row(string user, long trimmed) => new() { UserId = user, Head = Head, LastMicros = Head, HeadMicros = Head, Newest = Head, Trimmed = trimmed };
    }
}
