using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Realtime.Contracts;

namespace Realtime.Chaos.Records;

/// <summary>How records look in a file: words parted by spaces, one record a line. The JavaScript client writes the same.</summary>
static class RecordLines
{
    internal static string Write(ClientRecord record) => record switch
    {
        ClientRecord.Began r => $"B {r.User} {r.Position}",
        ClientRecord.Handled r => string.Create(CultureInfo.InvariantCulture, $"E {r.User} {r.Position} {r.Id} {r.Hash} {r.AtMicros}"),
        ClientRecord.Lost r => $"L {r.User} {r.Reason} {r.Last} {r.Head} {r.Oldest}",
        ClientRecord.Parked r => $"P {r.User} {r.Position}",
        ClientRecord.Stopped r => $"X {r.User} {r.Why.ReplaceLineEndings(" ")}",
        ClientRecord.Held r => $"H {r.User}",
        ClientRecord.Connected r => $"C {r.User}",
        ClientRecord.TokenMade r => $"T {r.User}",
        _ => throw new ArgumentOutOfRangeException(nameof(record), record, "Not a record."),
    };

    /// <summary>False for a line that is no record, such as one cut short.</summary>
    internal static bool TryRead(string line, [NotNullWhen(true)] out ClientRecord? record)
    {
        var words = line.Split(' ');
        record = words switch
        {
            ["B", var user, var position] when StreamPosition.TryParse(position, out var at) => new ClientRecord.Began(user, at),
            ["E", var user, var position, var id, var hash, var micros]
                when StreamPosition.TryParse(position, out var at) && Guid.TryParse(id, out var guid)
                    && long.TryParse(micros, NumberStyles.None, CultureInfo.InvariantCulture, out var time)
                => new ClientRecord.Handled(user, at, guid, hash, time),
            ["L", var user, var reason, var last, var head, var oldest]
                when StreamPosition.TryParse(last, out var l) && StreamPosition.TryParse(head, out var h) && StreamPosition.TryParse(oldest, out var o)
                => new ClientRecord.Lost(user, reason, l, h, o),
            ["P", var user, var position] when StreamPosition.TryParse(position, out var at) => new ClientRecord.Parked(user, at),
            ["X", var user, .. var why] => new ClientRecord.Stopped(user, string.Join(' ', why)),
            ["H", var user] => new ClientRecord.Held(user),
            ["C", var user] => new ClientRecord.Connected(user),
            ["T", var user] => new ClientRecord.TokenMade(user),
            _ => null,
        };
        return record is not null;
    }

    /// <summary>The records of a file; its last line may be torn by the end of its writer and is left out then.</summary>
    /// <exception cref="InvalidDataException">A whole line is not a record.</exception>
    internal static List<ClientRecord> ReadFile(string path)
    {
        var text = File.ReadAllText(path);
        var records = new List<ClientRecord>();
        for (int start = 0, end; (end = text.IndexOf('\n', start)) >= 0; start = end + 1)
            records.Add(TryRead(text[start..end], out var record) ? record : throw new InvalidDataException($"{path}: '{text[start..end]}' is not a record."));
        return records;
    }
}
