using Realtime.Contracts;
using Realtime.Server.EventStore;

namespace Realtime.Tests.Specifications;

/// <summary>The pure rules that both stores share.</summary>
internal sealed class EventStoreRulesTests
{
    private static readonly StreamBounds Bounds = new() { Epoch = "k3f9", HeadSequence = 10, TrimmedSequence = 4, TrimmedMicros = 400 };

    [TestCase("other", 7, null, null, HistoryLostReason.EpochChanged)]
    [TestCase("k3f9", 11, null, null, HistoryLostReason.AheadOfHead)]
    [TestCase("k3f9", 10, null, null, null)]
    [TestCase("k3f9", 3, null, null, HistoryLostReason.Trimmed)]
    [TestCase("k3f9", 4, null, null, null)]
    [TestCase("k3f9", 4, 400L, null, null)]
    [TestCase("k3f9", 4, 401L, null, HistoryLostReason.Forked)]
    [TestCase("k3f9", 7, 700L, 700L, null)]
    [TestCase("k3f9", 7, 701L, 700L, HistoryLostReason.Forked)]
    public void A_position_is_lost_for_the_first_reason_that_applies(string epoch, long sequence, long? seen, long? stored, HistoryLostReason? reason) =>
        Bounds.WhyLost(new StreamPosition(epoch, sequence), seen, stored).Should().Be(reason);

    [TestCase(null, false)]
    [TestCase(399L, true)]
    [TestCase(400L, false)]
    public void Only_a_time_before_the_newest_trimmed_event_is_truncated(long? since, bool truncated) =>
        Bounds.IsTruncated(since).Should().Be(truncated);

    [Test]
    public void Without_trimmed_events_nothing_is_truncated() => new StreamBounds { Epoch = "k3f9" }.IsTruncated(long.MinValue).Should().BeFalse();

    [TestCase(100, 101, 2, 101)]
    [TestCase(100, 100, 2, 101)]
    [TestCase(100, 5, 2, 101)]
    public void The_next_tail_counts_on_and_is_strictly_later(long last, long now, long sequence, long time) =>
        new StreamTail(1, last).Next(now).Should().Be(new StreamTail(sequence, time));

    [Test]
    public void The_first_event_has_sequence_one_at_the_time_of_the_clock() => StreamTail.Empty.Next(-5).Should().Be(new StreamTail(1, -5));

    [TestCase("2026-11-23T03:27:00.1234567Z", "2026-11-23T03:27:00.123456Z")]
    [TestCase("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z")]
    [TestCase("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z")]
    public void Times_are_cut_to_whole_microseconds(string time, string expected) =>
        EventTime.Format(StoreTime.FromMicros(StoreTime.ToMicros(DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture)))).Should().Be(expected);
}
