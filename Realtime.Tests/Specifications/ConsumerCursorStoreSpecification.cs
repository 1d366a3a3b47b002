using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Server.EventStore;
using Realtime.Tests.Support;
using static Realtime.Tests.Specifications.EventStoreTestEvents;

namespace Realtime.Tests.Specifications;

/// <summary>What any cursor store promises.</summary>
internal abstract class ConsumerCursorStoreSpecification
{
    private EventStoresUnderTest _stores = null!;

    private protected abstract Task<EventStoresUnderTest> CreateAsync();

    // A database for each test: one of them replaces the epoch.
    [SetUp]
    public async Task Open()
    {
        _stores = await CreateAsync();
        await _stores.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
    }

    [TearDown]
    public async Task Close()
    {
        if (_stores is not null) await _stores.DisposeAsync();
    }

    [Test]
    public async Task A_cursor_stands_where_it_was_moved_and_its_lag_is_what_is_left()
    {
        string user = NewUser();
        var appended = await _stores.Events.FillAsync(user, 5);

        var moved = Stored(await MoveAsync(user, "page", appended[1].Position));

        (moved.Consumer, moved.Position, moved.Lag).Should().Be(("page", appended[1].Position, 3));
        moved.UpdatedAt.Should().BeCloseTo(TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(1));
        (await ReadAsync(user)).Should().Equal(moved);
        await _stores.Events.FillAsync(user, 2);
        (await ReadAsync(user)).Should().Equal(moved with { Lag = 5 });
    }

    [Test]
    public async Task A_cursor_never_moves_back()
    {
        string user = NewUser();
        var appended = await _stores.Events.FillAsync(user, 5);
        var first = Stored(await MoveAsync(user, "page", appended[3].Position));

        Stored(await MoveAsync(user, "page", appended[1].Position)).Should().Be(first);
        Stored(await MoveAsync(user, "page", appended[3].Position)).Should().Be(first);
        Stored(await MoveAsync(user, "page", appended[4].Position)).Lag.Should().Be(0);
    }

    [Test]
    public async Task Concurrent_moves_end_at_the_greatest()
    {
        string user = NewUser();
        var appended = await _stores.Events.FillAsync(user, 40);

        await Task.WhenAll(appended.OrderBy(e => e.Position.Sequence % 7).Select(e => MoveAsync(user, "page", e.Position)));

        (await ReadAsync(user)).Should().ContainSingle().Which.Position.Should().Be(appended[^1].Position);
    }

    [Test]
    public async Task A_position_ahead_of_the_head_or_of_another_epoch_is_lost()
    {
        string user = NewUser();
        var appended = await _stores.Events.FillAsync(user, 2);

        Lost(await MoveAsync(user, "page", appended[0].Position.At(3))).Should().Be((HistoryLostReason.AheadOfHead, appended[1].Position));
        Lost(await MoveAsync(user, "page", new StreamPosition("other", 1))).Should().Be((HistoryLostReason.EpochChanged, appended[1].Position));
        (await ReadAsync(user)).Should().BeEmpty();
        Stored(await MoveAsync(NewUser(), "page", appended[0].Position.At(0))).Lag.Should().Be(0);
    }

    [Test]
    public async Task Out_of_another_history_a_cursor_moves_to_any_place_of_this_one()
    {
        string user = NewUser();
        var appended = await _stores.Events.FillAsync(user, 5);
        await MoveAsync(user, "page", appended[4].Position);
        await _stores.SetEpochAsync("restored");

        (await ReadAsync(user)).Should().ContainSingle().Which.Lag.Should().Be(5);
        var moved = Stored(await MoveAsync(user, "page", new StreamPosition("restored", 2)));
        (moved.Position.ToString(), moved.Lag).Should().Be(("restored.2", 3));
    }

    [Test]
    public async Task A_user_has_at_most_one_hundred_cursors_even_when_they_come_at_once()
    {
        string user = NewUser();
        var appended = await _stores.Events.FillAsync(user, 2);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 110).Select(n => MoveAsync(user, $"c{n}", appended[0].Position)));

        outcomes.OfType<CursorOutcome.Stored>().Should().HaveCount(IConsumerCursorStore.MaxPerUser);
        outcomes.OfType<CursorOutcome.TooMany>().Should().HaveCount(10);
        string existing = (await ReadAsync(user))[0].Consumer;
        Stored(await MoveAsync(user, existing, appended[1].Position)).Lag.Should().Be(0);
        (await DeleteAsync(user, existing)).Should().BeTrue();
        Stored(await MoveAsync(user, "one-more", appended[0].Position)).Consumer.Should().Be("one-more");
    }

    [Test]
    public async Task A_deleted_cursor_is_gone_and_others_stay()
    {
        string user = NewUser(), other = NewUser();
        var appended = await _stores.Events.FillAsync(user, 2);
        await _stores.Events.FillAsync(other, 2);
        await MoveAsync(user, "b", appended[0].Position);
        await MoveAsync(user, "a", appended[0].Position);
        await MoveAsync(other, "a", appended[0].Position);

        (await DeleteAsync(user, "a")).Should().BeTrue();
        (await DeleteAsync(user, "a")).Should().BeFalse();

        (await ReadAsync(user)).Select(cursor => cursor.Consumer).Should().Equal("b");
        (await ReadAsync(other)).Should().HaveCount(1);
    }

    private Task<CursorOutcome> MoveAsync(string user, string consumer, StreamPosition position) =>
        _stores.Cursors.MoveAsync(user, consumer, position, CancellationToken.None).WithinDeadline(Patience);

    private Task<IReadOnlyList<ConsumerCursor>> ReadAsync(string user) => _stores.Cursors.ReadAsync(user, CancellationToken.None).WithinDeadline(Patience);

    private Task<bool> DeleteAsync(string user, string consumer) => _stores.Cursors.DeleteAsync(user, consumer, CancellationToken.None).WithinDeadline(Patience);

    private static ConsumerCursor Stored(CursorOutcome outcome) => outcome.Should().BeOfType<CursorOutcome.Stored>().Subject.Cursor;

    private static (HistoryLostReason Reason, StreamPosition Head) Lost(CursorOutcome outcome)
    {
        var why = outcome.Should().BeOfType<CursorOutcome.Lost>().Subject.Why;
        return (why.Reason, why.Head);
    }
}
