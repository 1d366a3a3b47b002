using CsCheck;
using Realtime.Contracts;

namespace Realtime.Tests.Contracts;

public sealed class StreamPositionTests
{
    static readonly Gen<StreamPosition> Positions = Gen.Select(
        Gen.Char["abcdefghijklmnopqrstuvwxyz0123456789"].Array[1, 16], Gen.Long[0, StreamPosition.MaxSequence], (epoch, sequence) => new StreamPosition(new string(epoch), sequence));

    [Test]
    public void Every_position_survives_its_wire_form() =>
        Positions.Sample(position => StreamPosition.Parse(position.ToString()).Should().Be(position));

    [TestCase("k3f9.42", "k3f9", 42)]
    [TestCase("a.0", "a", 0)]
    [TestCase("0123456789abcdef.9007199254740991", "0123456789abcdef", 9007199254740991)]
    public void Reads(string text, string epoch, long sequence)
    {
        var position = StreamPosition.Parse(text);
        position.Epoch.Should().Be(epoch);
        position.Sequence.Should().Be(sequence);
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase(".")]
    [TestCase("k3f9")]
    [TestCase("k3f9.")]
    [TestCase(".42")]
    [TestCase("k3f9.042")]
    [TestCase("k3f9.00")]
    [TestCase("k3f9.-1")]
    [TestCase("k3f9.+1")]
    [TestCase("k3f9. 1")]
    [TestCase("k3f9.1 ")]
    [TestCase("k3f9.1.2")]
    [TestCase("K3F9.1")]
    [TestCase("k_f9.1")]
    [TestCase("k3f9.9007199254740992")]
    [TestCase("k3f9.99999999999999999999")]
    [TestCase("0123456789abcdefg.1")]
    [TestCase("k3f9.1e3")]
    [TestCase("k3f9.\u0661")]
    public void Refuses_anything_else(string? text)
    {
        StreamPosition.TryParse(text, out var position).Should().BeFalse();
        position.Should().Be(default(StreamPosition));
        if (text is not null) FluentActions.Invoking(() => StreamPosition.Parse(text)).Should().Throw<FormatException>();
    }

    [Test]
    public void Whatever_is_accepted_is_the_wire_form_itself_and_nothing_throws() =>
        Gen.String["ak39.. -+"].Sample(text => !StreamPosition.TryParse(text, out var position) || position.ToString() == text);

    [Test]
    public void Cannot_be_made_out_of_range()
    {
        FluentActions.Invoking(() => new StreamPosition("", 1)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new StreamPosition("Not", 1)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new StreamPosition("a", -1)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => new StreamPosition("a", StreamPosition.MaxSequence + 1)).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Test]
    public void Only_positions_of_one_epoch_share_a_history()
    {
        new StreamPosition("a", 1).IsSameHistoryAs(new StreamPosition("a", 9)).Should().BeTrue();
        new StreamPosition("a", 1).IsSameHistoryAs(new StreamPosition("b", 1)).Should().BeFalse();
        new StreamPosition("a", 1).At(5).Should().Be(new StreamPosition("a", 5));
    }
}
