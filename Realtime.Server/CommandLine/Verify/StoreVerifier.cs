using System.Data.Common;
using Realtime.Contracts.Serialization;

namespace Realtime.Server.CommandLine.Verify;

/// <summary>
/// Reads a whole store, or some users' streams, and checks it. Servers may go on appending and trimming: a stream is checked up to the
/// head it had when its turn came, and what retention took meanwhile is no fault.
/// </summary>
internal sealed class StoreVerifier(IStoreScan scan, EventTypes types, VerifyTally tally)
{
    private const int StreamPage = 200;
    private const int EventPage = 500;

    /// <returns>The epoch, if the store has one.</returns>
    internal async Task<string?> RunAsync(IReadOnlyList<string> users, CancellationToken cancellationToken)
    {
        var (epoch, epochFault) = await scan.ReadEpochAsync(cancellationToken);
        if (epochFault is not null) tally.Report(new StoreFault(FaultKind.Epoch, null, null, epochFault));
        foreach (string missing in await scan.FindMissingIndexesAsync(cancellationToken))
            tally.Report(new StoreFault(FaultKind.Index, null, null, $"{missing} is missing or not valid: the server could store the same twice"));

        if (users.Count > 0) await CheckUsersAsync(users, cancellationToken);
        else await CheckAllAsync(cancellationToken);

        if (epochFault is null && (await scan.ReadEpochAsync(cancellationToken)).Epoch is { } now && now != epoch)
            tally.Report(new StoreFault(FaultKind.Epoch, null, null, $"the epoch was {epoch} and is now {now}: the store was restored or renewed while it was read; verify again"));
        return epoch;
    }

    private async Task CheckUsersAsync(IReadOnlyList<string> users, CancellationToken cancellationToken)
    {
        foreach (string user in users)
        {
            if (await scan.ReadStreamAsync(user, cancellationToken) is { } stream) await CheckAsync(stream, cancellationToken);
            else if (await scan.ReadEventsAsync(user, 0, long.MaxValue, 1, _ => { }, cancellationToken) > 0) ReportOrphan(user);
            else tally.StreamDone(); // nothing was ever published for this user
        }
    }

    private async Task CheckAllAsync(CancellationToken cancellationToken)
    {
        string after = string.Empty;
        while (await scan.ReadStreamsAsync(after, StreamPage, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var stream in page) await CheckAsync(stream, cancellationToken);
            after = page[^1].UserId;
        }

        string? last = string.Empty;
        while (last is not null)
        {
            var (next, orphans) = await scan.FindOrphansAsync(last, StreamPage, cancellationToken);
            foreach (string user in orphans) ReportOrphan(user);
            last = next;
        }
    }

    private void ReportOrphan(string user) =>
        tally.Report(new StoreFault(FaultKind.Stream, user, null, "there are events, but no stream that counts them: the next publish would begin at 1 again"));

    private async Task CheckAsync(StreamRow stream, CancellationToken cancellationToken)
    {
        var gaps = new Queue<(long First, long Last)>();
        var verifier = new StreamVerifier(stream, types, tally.Report, (first, last) => gaps.Enqueue((first, last)), tally.Unread);
        try
        {
            verifier.CheckEnds();
            int read;
            do
            {
                read = await scan.ReadEventsAsync(stream.UserId, verifier.Last, stream.Head, EventPage, Check, cancellationToken);
                await JudgeGapsAsync(stream.UserId, gaps, cancellationToken);
            }
            while (read == EventPage);

            verifier.Finish();
            await JudgeGapsAsync(stream.UserId, gaps, cancellationToken);
            foreach (var (id, first, last) in await scan.FindRepeatedIdsAsync(stream.UserId, cancellationToken))
                tally.Report(new StoreFault(FaultKind.Id, stream.UserId, last, $"its id {id} is also the one of {first}"));
        }
        catch (Exception fault) when (scan.IsDamage(fault))
        {
            string where = verifier.Last > stream.Trimmed ? $"after {verifier.Last}" : "at its beginning";
            tally.Report(new StoreFault(FaultKind.Unreadable, stream.UserId, null, $"the database cannot read the stream {where}: {CommandOutput.OneLine(fault.Message)}"));
        }

        tally.StreamDone();

        void Check(ScannedEvent e)
        {
            verifier.Check(e);
            tally.EventDone();
        }
    }

    /// <summary>What was trimmed since its turn came is gone rightly.</summary>
    private async Task JudgeGapsAsync(string user, Queue<(long First, long Last)> gaps, CancellationToken cancellationToken)
    {
        if (gaps.Count == 0) return;
        long trimmed = await scan.ReadStreamAsync(user, cancellationToken) is { } now ? now.Trimmed : 0;
        while (gaps.TryDequeue(out var gap))
        {
            long first = Math.Max(gap.First, trimmed + 1);
            if (first > gap.Last) continue;
            tally.Report(new StoreFault(FaultKind.Gap, user, first, first == gap.Last ? $"event {first} is missing" : $"events {first} to {gap.Last} are missing"));
        }
    }

    /// <summary>What both databases throw when a value is not what its column holds.</summary>
    internal static bool IsMisread(Exception fault) => fault is InvalidCastException or FormatException or OverflowException or System.Data.DataException && fault is not DbException;
}
