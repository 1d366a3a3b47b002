using Npgsql;
using Realtime.Contracts;
using Realtime.Server.EventStore;
using Realtime.Tests.Specifications;
using Realtime.Tests.Support;
using static Realtime.Tests.Specifications.EventStoreTestEvents;

namespace Realtime.Tests.Integration;

/// <summary>One user never delays another: what happens while an application's open transaction holds a stream.</summary>
[Category("Integration")]
internal sealed class EventStoreHeldStreamTests
{
    private EventStorePostgresUnderTest _stores = null!;

    private IEventStore Store => _stores.Events;

    [OneTimeSetUp]
    public async Task Open()
    {
        _stores = (EventStorePostgresUnderTest)await EventStorePostgresUnderTest.CreateAsync();
        await Store.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
    }

    [OneTimeTearDown]
    public async Task Close()
    {
        if (_stores is not null) await _stores.DisposeAsync();
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_held_stream_is_skipped_and_the_rest_of_the_batch_commits(bool isNewUser)
    {
        string held = NewUser(), free = NewUser(), brandNew = NewUser();
        if (!isNewUser) await Store.AppendAsync(Event(held));
        await Store.AppendAsync(Event(free));
        await using var connection = await _stores.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync().WithinDeadline();
        await AppendEventAsync(connection, held);

        var outcomes = await Store.AppendAllAsync(Unit(Event(free)), Unit(Event(held)), Unit(Event(brandNew)), Unit(Event(free), Event(held)));

        outcomes[0].Should().BeOfType<AppendOutcome.Committed>();
        outcomes[1].Should().BeOfType<AppendOutcome.Skipped>();
        outcomes[2].Should().BeOfType<AppendOutcome.Committed>();
        outcomes[3].Should().BeOfType<AppendOutcome.Skipped>("a unit is all or nothing");
        (await Store.ReadAllAsync(free)).ShouldBeGapless(2);

        await transaction.CommitAsync().WithinDeadline();
        (await Store.AppendAsync(Event(held)))[0].Position.Sequence.Should().Be(isNewUser ? 2 : 3);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_waiting_append_gets_the_stream_as_soon_as_it_is_free(bool isNewUser)
    {
        string held = NewUser();
        if (!isNewUser) await Store.AppendAsync(Event(held));
        await using var connection = await _stores.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync().WithinDeadline();
        await AppendEventAsync(connection, held);

        var waiting = Store.AppendAsync([Unit(Event(held))], Patience, CancellationToken.None);
        await Eventually.Async("the append waits for the lock", AppendWaitsAsync);
        waiting.IsCompleted.Should().BeFalse();
        await transaction.RollbackAsync().WithinDeadline();

        (await waiting.WithinDeadline())[0].Should().BeOfType<AppendOutcome.Committed>()
            .Which.Events[0].Position.Sequence.Should().Be(isNewUser ? 1 : 2, "what was rolled back leaves no hole");
    }

    [Test]
    public async Task A_held_stream_is_not_waited_for_when_it_is_trimmed_and_is_found_again_afterwards()
    {
        string held = NewUser();
        var appended = await Store.FillAsync(held, 3);
        await using var connection = await _stores.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync().WithinDeadline();
        await AppendEventAsync(connection, held);

        (await Store.TrimAsync(held, 2, maxEvents: 10, CancellationToken.None).WithinDeadline()).Should().BeNull("the new end needs the stream");
        (await Store.TrimAsync(held, 0, maxEvents: 10, CancellationToken.None).WithinDeadline()).Should().BeNull("noting its age does too");

        await transaction.RollbackAsync().WithinDeadline();
        (await Store.ExpiredAsync(appended[2].Time)).Should().Contain((held, 2));
        (await Store.TrimAsync(held, 2, maxEvents: 10, CancellationToken.None).WithinDeadline()).Should().Be(2);
    }

    [Test]
    public async Task A_wait_in_vain_ends_with_skipped_and_appends_what_is_free()
    {
        string held = NewUser(), free = NewUser();
        await using var connection = await _stores.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync().WithinDeadline();
        await AppendEventAsync(connection, held);

        var outcomes = await Store.AppendAsync([Unit(Event(held)), Unit(Event(free))], TimeSpan.FromMilliseconds(200), CancellationToken.None).WithinDeadline();

        outcomes[0].Should().BeOfType<AppendOutcome.Skipped>();
        outcomes[1].Should().BeOfType<AppendOutcome.Committed>();
    }

    [Test]
    public async Task A_unit_that_waits_for_one_stream_does_not_hold_the_others()
    {
        string first = "a_" + NewUser(), held = "b_" + NewUser(), last = "c_" + NewUser();
        foreach (string user in new[] { first, held, last }) await Store.AppendAsync(Event(user));
        await using var connection = await _stores.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync().WithinDeadline();
        await AppendEventAsync(connection, held);

        var waiting = Store.AppendAsync([Unit(Event(first), Event(held), Event(last))], Patience, CancellationToken.None);
        await Eventually.Async("the append waits for the lock", AppendWaitsAsync);

        (await Store.AppendAllAsync(Unit(Event(first)), Unit(Event(last)))).Should().AllBeOfType<AppendOutcome.Committed>();
        await transaction.CommitAsync().WithinDeadline();
        (await waiting.WithinDeadline())[0].Should().BeOfType<AppendOutcome.Committed>()
            .Which.Events.Select(e => e.Position.Sequence).Should().Equal(3, 3, 3);
    }

    [Test]
    public async Task Units_over_the_same_streams_in_opposite_order_all_commit()
    {
        string[] users = [.. Enumerable.Range(0, 5).Select(_ => NewUser())];

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 60).Select(n => Store.AppendAsync(
            [Unit([.. (n % 2 == 0 ? users : users.Reverse()).Select(user => Event(user))])], Patience, CancellationToken.None).WithinDeadline(Patience)));

        outcomes.Should().OnlyContain(outcome => outcome[0] is AppendOutcome.Committed);
        foreach (string user in users) (await Store.ReadAllAsync(user)).ShouldBeGapless(60);
    }

    [Test]
    public async Task A_brake_on_a_held_stream_waits_and_then_says_so()
    {
        string held = NewUser();
        await using var connection = await _stores.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync().WithinDeadline();
        await AppendEventAsync(connection, held);

        var set = () => _stores.Brakes.SetAsync(Event(held), true, null, "anna", TimeSpan.FromMilliseconds(100), CancellationToken.None).WithinDeadline();

        await set.Should().ThrowAsync<StoreUnavailableException>().WithMessage("*holds the stream*");
        (await _stores.Brakes.ReadAsync(held, CancellationToken.None).WithinDeadline()).Engaged.Should().BeFalse();
    }

    private static Task<object?> AppendEventAsync(NpgsqlConnection connection, string user) =>
        connection.RunAsync("select position from append_agent_event($1, 'test.happened', '{}')", user);

    private async Task<bool> AppendWaitsAsync()
    {
        await using var connection = await _stores.ConnectAsync();
        return await connection.RunAsync(
            "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%append_batch%')") is true;
    }
}
