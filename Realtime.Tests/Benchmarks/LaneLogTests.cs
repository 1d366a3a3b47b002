using Realtime.Benchmarks.Load;

namespace Realtime.Tests.Benchmarks;

/// <summary>A benchmark that counts losses wrongly would flatter.</summary>
public sealed class LaneLogTests
{
    [Test]
    public void Numbers_in_order_are_neither_lost_nor_repeated()
    {
        var log = Received(1, 2, 3);

        log.Lost(issued: 3, _ => false).Should().Be(0);
        (log.Duplicated, log.Reordered).Should().Be((0, 0));
    }

    [Test]
    public void A_hole_and_a_missing_end_are_both_lost() => Received(1, 4).Lost(issued: 6, _ => false).Should().Be(4);

    [Test]
    public void What_was_refused_is_not_lost() => Received(1, 3).Lost(issued: 4, number => number is 2 or 4).Should().Be(0);

    [Test]
    public void A_late_one_is_reordered_and_a_second_one_duplicated()
    {
        var log = Received(1, 3, 2, 3, 2);

        log.Lost(issued: 3, _ => false).Should().Be(0);
        (log.Duplicated, log.Reordered).Should().Be((2, 1));
    }

    static LaneLog Received(params int[] numbers)
    {
        var log = new LaneLog();
        foreach (var number in numbers)
            log.Add(number);
        return log;
    }
}
