using Realtime.Chaos.Checking;
using Realtime.Chaos.Records;
using static Realtime.Tests.Chaos.Seen;

namespace Realtime.Tests.Chaos;

/// <summary>Histories that are broken in one way each, and what the checker says of them.</summary>
public sealed class HistoryCheckerTests
{
    [Test]
    public void Whole_history_is_clean()
    {
        var result = Check(Stored(3), [Began(0), .. Handled(1, 2, 3)]);
        result.Violations.Should().BeEmpty();
        result.Deliveries.Should().Be(3);
    }

    [Test]
    public void Start_in_the_middle_is_clean_and_what_lies_before_is_not_missing() =>
        Check(Stored(3), [Began(2), .. Handled(3)]).Violations.Should().BeEmpty();

    [Test]
    public void Crash_may_repeat_what_comes_after_the_saved_cursor()
    {
        var result = Check(Stored(4), [Began(0), .. Handled(1, 2, 3)], [Began(1), .. Handled(2, 3, 4)]);
        result.Violations.Should().BeEmpty();
        result.RepeatedAfterCrash.Should().Be(2);
    }

    [Test]
    public void Event_that_never_came_is_missing() => Check(Stored(3), [Began(0), .. Handled(1, 2)]).Kinds().Should().Equal(ViolationKind.Missing);

    [Test]
    public void Hole_in_the_middle_is_missing() => Check(Stored(3), [Began(0), .. Handled(1, 3)]).Kinds().Should().Equal(ViolationKind.Missing);

    [Test]
    public void Client_that_wrote_nothing_is_missing_everything() => Check(Stored(3), []).Kinds().Should().Equal(ViolationKind.Missing);

    [Test]
    public void Run_without_a_beginning_is_reported() => Check(Stored(1), Handled(1)).Kinds().Should().Equal(ViolationKind.Missing);

    [Test]
    public void Event_handled_twice_is_duplicated() => Check(Stored(2), [Began(0), .. Handled(1, 1, 2)]).Kinds().Should().Equal(ViolationKind.Duplicated);

    [Test]
    public void Event_from_before_the_saved_cursor_is_duplicated() =>
        Check(Stored(3), [Began(0), .. Handled(1, 2)], [Began(2), .. Handled(2, 3)]).Kinds().Should().Equal(ViolationKind.Duplicated);

    [Test]
    public void Event_after_a_later_one_is_reordered() => Check(Stored(3), [Began(0), .. Handled(1, 3, 2)]).Kinds().Should().Equal(ViolationKind.Reordered);

    [Test]
    public void Run_that_begins_ahead_of_what_was_handled_is_missing_what_lies_between() =>
        Check(Stored(3), [Began(0), .. Handled(1)], [Began(2), .. Handled(3)]).Kinds().Should().Equal(ViolationKind.Missing);

    [Test]
    public void Event_that_is_not_stored_is_a_phantom() => Check(Stored(1), [Began(0), .. Handled(1, 2)]).Kinds().Should().Equal(ViolationKind.Phantom);

    [Test]
    public void Event_of_a_transaction_that_was_rolled_back_is_a_phantom() =>
        HistoryChecker.Check(History(Stored(1), [Began(0), .. Handled(1)]) with { RolledBack = new HashSet<Guid> { IdOf(1) } })
            .Kinds().Should().Equal(ViolationKind.Phantom);

    [Test]
    public void Another_event_at_the_same_position_is_a_phantom() =>
        Check(Stored(1), [Began(0), new ClientRecord.Handled(User, At(1), IdOf(7), "h1", 0)]).Kinds().Should().Equal(ViolationKind.Phantom);

    [Test]
    public void Position_of_another_epoch_is_a_phantom() =>
        Check(Stored(1), [Began(0), new ClientRecord.Handled(User, new("f", 1), IdOf(1), "h1", 0)]).Kinds().Should().Equal(ViolationKind.Phantom);

    [Test]
    public void Other_data_than_stored_is_reported() =>
        Check(Stored(1), [Began(0), new ClientRecord.Handled(User, At(1), IdOf(1), "other", 0)]).Kinds().Should().Equal(ViolationKind.ContentDiffers);

    [Test]
    public void Acknowledged_event_that_is_not_stored_is_reported() =>
        HistoryChecker.Check(History(Stored(1), [Began(0), .. Handled(1)]) with { Acknowledged = [Acknowledged(2, 0, 1)] })
            .Kinds().Should().Equal(ViolationKind.AcknowledgedNotStored);

    [Test]
    public void Event_stored_otherwise_than_it_was_sent_is_reported() =>
        HistoryChecker.Check(History(Stored(1), [Began(0), .. Handled(1)]) with { Acknowledged = [Acknowledged(1, 0, 1) with { Hash = "sent" }] })
            .Kinds().Should().Equal(ViolationKind.ContentDiffers);

    [Test]
    public void Event_sent_after_another_was_acknowledged_must_stand_behind_it()
    {
        var history = History(Stored(2), [Began(0), .. Handled(1, 2)]);
        HistoryChecker.Check(history with { Acknowledged = [Acknowledged(2, 0, 10), Acknowledged(1, 11, 20)] }).Kinds().Should().Equal(ViolationKind.CausalityBroken);
        HistoryChecker.Check(history with { Acknowledged = [Acknowledged(2, 0, 10), Acknowledged(1, 9, 20)] }).Violations.Should().BeEmpty("they were under way at the same time");
    }

    [Test]
    public void Hole_in_the_store_is_reported() =>
        Check([Stored(3)[0], Stored(3)[2]], [Began(0), .. Handled(1)]).Kinds().Should().Contain(ViolationKind.StoreNotInOrder);

    [Test]
    public void Times_that_do_not_rise_are_reported() =>
        Check([Stored(2)[0], Stored(2)[1] with { TimeMicros = 1_001 }], [Began(0), .. Handled(1, 2)]).Kinds().Should().Equal(ViolationKind.StoreNotInOrder);

    [Test]
    public void Loss_of_trimmed_history_is_true_for_whoever_was_behind_it()
    {
        var history = History(Stored(5), [Began(0), .. Handled(1)], [Began(1), Lost(1, 4), .. Handled(4, 5)]) with { Trims = Trimmed(3) };
        var result = HistoryChecker.Check(history);
        result.Violations.Should().BeEmpty();
        result.TrueHistoryLost.Should().Be(1);
    }

    [Test]
    public void Jump_over_trimmed_history_without_a_report_is_missing() =>
        HistoryChecker.Check(History(Stored(5), [Began(0), .. Handled(1, 4, 5)]) with { Trims = Trimmed(3) }).Kinds().Should().Equal(ViolationKind.Missing);

    [TestCase(1, 2, "trimmed", Description = "nothing lies between")]
    [TestCase(1, 3, "trimmed", Description = "never trimmed up to there")]
    [TestCase(0, 4, "trimmed", Description = "more had been handled")]
    [TestCase(1, 4, "forked", Description = "the database was never restored")]
    [TestCase(1, 4, "epoch_changed", Description = "the epoch never changed")]
    public void False_alarm_is_reported(long last, long oldest, string reason) =>
        HistoryChecker.Check(History(Stored(5), [Began(0), .. Handled(1), Lost(last, oldest, reason)]) with { Trims = Trimmed(3) })
            .Kinds().Should().Contain(ViolationKind.FalseHistoryLost);

    [Test]
    public void True_loss_of_a_client_that_was_never_kept_away_is_a_failure_too() =>
        HistoryChecker.Check(History(Stored(5), [Began(0), .. Handled(1), Lost(1, 4), .. Handled(4, 5)]) with { Trims = Trimmed(3), MayLose = new HashSet<(string, string)>() })
            .Kinds().Should().Equal(ViolationKind.FalseHistoryLost);

    [Test]
    public void Parked_event_and_client_that_stopped_are_reported() =>
        Check(Stored(1), [Began(0), .. Handled(1), new ClientRecord.Parked(User, At(1)), new ClientRecord.Stopped(User, "x")])
            .Kinds().Should().Equal(ViolationKind.Parked, ViolationKind.ClientStopped);

    static Dictionary<string, IReadOnlyList<Realtime.Contracts.StreamPosition>> Trimmed(params long[] upTo) => new() { [User] = [.. upTo.Select(At)] };
}
