using System.Text.Json;
using System.Text.Unicode;
using Realtime.Contracts;
using Realtime.Contracts.Serialization;
using Realtime.Server.EventStore;
using Realtime.Server.Publishing;

namespace Realtime.Server.CommandLine.Verify;

/// <summary>
/// Checks the events of one stream as they come by, against its ends. Pure, and of a fixed size: it remembers the last event only.
/// A gap is only suspected here: retention may have been at work meanwhile, which <see cref="StoreVerifier"/> asks the store.
/// </summary>
internal sealed class StreamVerifier(StreamRow stream, EventTypes types, Action<StoreFault> report, Action<long, long> suspectGap, Action<string> unreadByContract)
{
    private long _last = stream.Trimmed;
    private long? _lastMicros = stream.TrimmedMicros;

    /// <summary>The sequence seen last; where the next page begins.</summary>
    internal long Last => _last;

    /// <summary>What the stream says about itself.</summary>
    internal void CheckEnds()
    {
        if (!UserId.IsValid(stream.UserId)) Report(FaultKind.User, null, "the stream's user is no user id");
        if (stream.Head is < 0 or > StreamPosition.MaxSequence) Report(FaultKind.Head, null, $"the head is {stream.Head}, which is no sequence");
        if (stream.Newest > stream.Head) Report(FaultKind.Head, stream.Newest, $"the head is {stream.Head}, but there are events up to {stream.Newest}: the next publishes would collide with them");
        if (stream.Trimmed < 0 || stream.Trimmed > stream.Head) Report(FaultKind.Trim, stream.Trimmed, $"events are trimmed up to {stream.Trimmed}, beyond the head {stream.Head}");
        if (stream is { Trimmed: > 0, TrimmedMicros: null }) Report(FaultKind.Trim, stream.Trimmed, "the time of the newest trimmed event is not known");
        if (stream is { Trimmed: 0, TrimmedMicros: not null }) Report(FaultKind.Trim, null, "nothing is trimmed, but a time of it is noted");
        if (stream.Cursor > stream.Head) Report(FaultKind.Cursor, stream.Cursor, $"the cursor '{stream.Consumer}' is at {stream.Cursor}, ahead of the head {stream.Head}");

        // The event itself may be gone: then the newest trimmed one is the last.
        long? newestMicros = stream.HeadMicros ?? (stream.Trimmed == stream.Head ? stream.TrimmedMicros : null);
        if (stream.Head > 0 && newestMicros is { } there && stream.LastMicros != there)
            Report(FaultKind.Time, stream.Head, $"the stream's last time is {Words(stream.LastMicros)}, its newest event's is {Words(there)}");
    }

    internal void Check(in ScannedEvent e)
    {
        if (e.Sequence <= _last) Report(FaultKind.Order, e.Sequence, "this sequence comes twice");
        else if (e.Sequence > _last + 1) suspectGap(_last + 1, e.Sequence - 1);
        if (_lastMicros is { } before && e.Micros <= before) Report(FaultKind.Time, e.Sequence, $"its time {e.TimeText} is not later than {Words(before)}, the one before");
        (_last, _lastMicros) = (Math.Max(_last, e.Sequence), e.Micros); // one wrong time is one fault, not one for each that follows

        CheckId(e);
        if (!EventTypes.IsValidName(e.Type)) Report(FaultKind.Type, e.Sequence, "its type is no name of a type");
        CheckData(e);
    }

    /// <summary>Everything up to the head was there when the ends were read.</summary>
    internal void Finish()
    {
        if (_last < stream.Head) suspectGap(_last + 1, stream.Head);
    }

    private void CheckId(in ScannedEvent e)
    {
        if (!Guid.TryParseExact(e.Id, "D", out _) || e.Id.AsSpan().ContainsAnyInRange('A', 'F')) Report(FaultKind.Id, e.Sequence, "its id is no UUID in lower case");
        if (e.EventsOfId == 0) Report(FaultKind.Id, e.Sequence, $"its id {e.Id} is not found by the look-up: the same publish again would be stored twice");
        else if (e.EventsOfId > 1 && e.SequenceOfId != e.Sequence) Report(FaultKind.Id, e.Sequence, $"its id {e.Id} is also the one of {e.SequenceOfId}");
        else if (e.SequenceOfId != e.Sequence) Report(FaultKind.Id, e.Sequence, $"its id {e.Id} leads to {e.SequenceOfId}");
    }

    private void CheckData(in ScannedEvent e)
    {
        if (e.Size != e.Data.Length) Report(FaultKind.Data, e.Sequence, $"its data has {e.Data.Length} bytes, but {e.Size} were stored");
        if (!Utf8.IsValid(e.Data))
        {
            Report(FaultKind.Data, e.Sequence, "its data is not UTF-8");
            return;
        }

        try
        {
            var reader = new Utf8JsonReader(e.Data, new JsonReaderOptions { MaxDepth = EventRules.MaxDataDepth });
            while (reader.Read())
            {
            }
        }
        catch (JsonException fault)
        {
            Report(FaultKind.Data, e.Sequence, $"its data cannot be read by clients: {CommandOutput.OneLine(fault.Message)}");
            return;
        }

        // SQL may append any JSON under any type: clients hand it over raw, so it is worth a word and no fault.
        if (types.TryGet(e.Type, out var type) && type.Check(EventData.FromTrustedUtf8(e.Data)) is { } unread)
            unreadByContract($"{stream.UserId} {e.Sequence}: {e.Type}, data{(unread.Field.Length == 0 ? string.Empty : "." + unread.Field)} {CommandOutput.OneLine(unread.Problem)}");
    }

    private void Report(FaultKind kind, long? sequence, string what) => report(new StoreFault(kind, stream.UserId, sequence, what));

    private static string Words(long? micros) => micros is { } m ? EventTime.Format(StoreTime.FromMicros(m)) : "unknown";
}
