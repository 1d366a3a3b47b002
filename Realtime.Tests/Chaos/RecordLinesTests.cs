using Realtime.Chaos.Clients;
using Realtime.Chaos.Records;
using Realtime.Harness;

namespace Realtime.Tests.Chaos;

public sealed class RecordLinesTests
{
    [Test]
    public void Every_record_is_read_as_it_was_written()
    {
        ClientRecord[] records =
        [
            Seen.Began(0), Seen.OneHandled(1), Seen.Lost(1, 4), new ClientRecord.Parked("u", Seen.At(4)), new ClientRecord.Stopped("u", "it broke"),
            new ClientRecord.Held("u"), new ClientRecord.Connected("u"), new ClientRecord.TokenMade("u"),
        ];
        records.Select(record => RecordLines.TryRead(RecordLines.Write(record), out var read) ? read : null).Should().Equal(records);
    }

    [TestCase("")]
    [TestCase("E u e.1")]
    [TestCase("E u e.01 00000000-0000-0000-0000-000000000000 h 1")]
    [TestCase("? u e.1")]
    public void Anything_else_is_no_record(string line) => RecordLines.TryRead(line, out _).Should().BeFalse();

    [Test]
    public void Line_cut_short_by_a_crash_is_left_out_and_the_reader_that_follows_takes_it_when_it_is_whole()
    {
        using var folder = TempFolder.Create("records");
        string path = Path.Combine(folder.Path, "run-1.log");
        string whole = RecordLines.Write(Seen.OneHandled(1)) + "\n";
        File.WriteAllText(path, RecordLines.Write(Seen.Began(0)) + "\n" + whole[..9]);
        var following = new RecordFile(path);

        following.ReadOn();
        RecordLines.ReadFile(path).Should().Equal(Seen.Began(0));
        following.Reached["u"].Should().Be(0);

        File.AppendAllText(path, whole[9..]);
        following.ReadOn();
        following.Reached["u"].Should().Be(1);
    }
}
