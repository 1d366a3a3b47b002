using CsCheck;
using Realtime.Contracts;

namespace Realtime.Tests.Contracts;

public sealed class EventTimeTests
{
    [Test]
    public void Every_time_in_whole_microseconds_survives_its_wire_form() =>
        Gen.Long[0, DateTime.MaxValue.Ticks / 10].Sample(micros =>
        {
            var time = new DateTimeOffset(micros * EventTime.TicksPerMicrosecond, TimeSpan.Zero);
            EventTime.TryParse(EventTime.Format(time), out var read).Should().BeTrue();
            read.Should().Be(time);
        });

    [TestCase("2026-11-23T03:27:00Z", "2026-11-23T03:27:00.000000Z")]
    [TestCase("2026-11-23t03:27:00z", "2026-11-23T03:27:00.000000Z")]
    [TestCase("2026-11-23T04:27:00.5+01:00", "2026-11-23T03:27:00.500000Z")]
    [TestCase("2026-11-22T22:57:00.123456789-04:30", "2026-11-23T03:27:00.123456Z")]
    [TestCase("2026-11-23T03:27:00.1234567Z", "2026-11-23T03:27:00.123456Z")]
    [TestCase("2026-11-23T03:27:00-00:00", "2026-11-23T03:27:00.000000Z")]
    public void Reads_rfc_3339_with_an_offset_and_writes_the_wire_form(string text, string wire)
    {
        EventTime.TryParse(text, out var time).Should().BeTrue();
        EventTime.Format(time).Should().Be(wire);
        time.Offset.Should().Be(TimeSpan.Zero);
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("2026-11-23")]
    [TestCase("2026-11-23T03:27:00")]
    [TestCase("2026-11-23T03:27Z")]
    [TestCase("2026-11-23T03:27:00.Z")]
    [TestCase("2026-13-23T03:27:00Z")]
    [TestCase("2026-11-31T03:27:00Z")]
    [TestCase("2026-11-23T25:27:00Z")]
    [TestCase("2026-11-23T03:27:00+1:00")]
    [TestCase("2026-11-23T03:27:00+0100")]
    [TestCase("2026-11-23T03:27:00 +01:00")]
    [TestCase("2026-11-23 03:27:00Z")]
    [TestCase("0001-01-01T00:00:00+14:00")]
    [TestCase("9999-12-31T23:59:59-14:00")]
    [TestCase("1763868420")]
    [TestCase("now")]
    public void Refuses_anything_else(string? text) => EventTime.TryParse(text, out _).Should().BeFalse();

    [Test]
    public void Whatever_is_accepted_has_one_wire_form_and_nothing_throws() =>
        Gen.Select(Gen.Int[0, 27], Gen.String["0129-+:.TZ "], (length, rest) => "2026-11-23T03:27:00.123456Z"[..length] + rest)
            .Sample(text => !EventTime.TryParse(text, out var time) || (EventTime.TryParse(EventTime.Format(time), out var again) && again == time));

    [Test]
    public void What_is_finer_than_a_microsecond_is_cut_off() =>
        EventTime.TruncateToMicrosecond(new DateTimeOffset(19, TimeSpan.Zero)).Ticks.Should().Be(10);
}
