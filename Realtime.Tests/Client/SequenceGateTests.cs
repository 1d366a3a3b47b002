using CsCheck;
using Realtime.Client.Ordering;
using Realtime.Contracts;

namespace Realtime.Tests.Client;

public sealed class SequenceGateTests
{
    [TestCase(0, 1, "Deliver")]
    [TestCase(41, 42, "Deliver")]
    [TestCase(42, 42, "Duplicate")]
    [TestCase(42, 7, "Duplicate")]
    [TestCase(42, 44, "Gap")]
    [TestCase(0, 2, "Gap")]
    public void Judges(long last, long received, string decision) =>
        SequenceGate.Offer(last, lastTime: null, received, default).ToString().Should().Be(decision);

    [Test]
    public void Held_events_come_out_once_and_in_order_whatever_the_order_they_came_in() =>
        Gen.Int[1, 40].SelectMany(n => Gen.Shuffle(Enumerable.Range(1, n).Concat(Enumerable.Range(1, n / 2)).ToArray())).Sample(arrivals =>
        {
            var held = new HeldEvents(capacity: 1000);
            var delivered = new List<long>();
            foreach (int sequence in arrivals)
            {
                long last = delivered.Count;
                if (SequenceGate.Offer(last, lastTime: null, sequence, default) != GateDecision.Duplicate) held.TryAdd(Event(sequence));
                while (held.TryTakeNext(delivered.Count, out var next)) delivered.Add(next.Position.Sequence);
            }

            delivered.Should().Equal(Enumerable.Range(1, arrivals.Max()).Select(i => (long)i));
            held.Count.Should().Be(0);
        });

    [Test]
    public void Beyond_the_capacity_the_latest_are_dropped()
    {
        var held = new HeldEvents(capacity: 2);
        foreach (int sequence in new[] { 9, 5, 7, 3 }) held.TryAdd(Event(sequence));

        held.Count.Should().Be(2);
        held.TryTakeNext(2, out _).Should().BeTrue();
        held.TryTakeNext(4, out _).Should().BeTrue();
        held.TryTakeNext(6, out _).Should().BeFalse();
    }

    static AgentEventEnvelope Event(long sequence) =>
        new() { Type = "t", Id = Guid.Empty, Position = new StreamPosition("e", sequence), Time = default, Data = default };
}
