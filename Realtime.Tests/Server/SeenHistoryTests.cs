using Realtime.Server.EventStore;

namespace Realtime.Tests.Server;

/// <summary>When a database counts as an older copy of what a node has seen.</summary>
public sealed class SeenHistoryTests
{
    SeenHistory _seen = null!;

    [SetUp]
    public void Begin()
    {
        _seen = new SeenHistory();
        _seen.Begin("a", timeline: 1, flushed: 100);
        _seen.Committed("a", timeline: 1, inserted: 150);
        _seen.Read("a", timeline: 1, flushed: 200);
    }

    [TestCase("a", 1, 200, false, TestName = "The same log is no older copy")]
    [TestCase("a", 1, 300, false, TestName = "A longer log is no older copy")]
    [TestCase("a", 1, 199, true, TestName = "A shorter log is an older copy")]
    [TestCase("b", 1, 1, false, TestName = "Another epoch has nothing to compare")]
    [TestCase("a", 2, 150, false, TestName = "A new timeline with everything acknowledged is no older copy")]
    [TestCase("a", 2, 149, true, TestName = "A new timeline without everything acknowledged is one")]
    public void Compares(string epoch, int timeline, long flushed, bool isOlder) =>
        _seen.Now.IsAheadOf(epoch, timeline, flushed).Should().Be(isOlder);

    [Test]
    public void An_older_timeline_is_an_older_copy()
    {
        _seen.Begin("a", timeline: 2, flushed: 160);

        _seen.Now.IsAheadOf("a", 1, 1_000).Should().BeTrue();
    }

    [Test]
    public void A_late_answer_from_before_a_failover_raises_nothing()
    {
        _seen.Begin("a", timeline: 2, flushed: 160);
        _seen.Read("a", timeline: 1, flushed: 900);
        _seen.Committed("a", timeline: 1, inserted: 900);

        _seen.Now.IsAheadOf("a", 2, 160).Should().BeFalse();
    }

    [Test]
    public void A_renewal_elsewhere_is_followed_without_a_new_connection()
    {
        _seen.Read("b", timeline: 1, flushed: 400);

        _seen.Now.IsAheadOf("b", 1, 399).Should().BeTrue();
    }
}
