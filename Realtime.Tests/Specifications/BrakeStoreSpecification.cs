using Realtime.Contracts.Events;
using Realtime.Contracts.Rest;
using Realtime.Server.EventStore;
using Realtime.Tests.Support;
using static Realtime.Tests.Specifications.EventStoreTestEvents;

namespace Realtime.Tests.Specifications;

/// <summary>What any brake store promises.</summary>
internal abstract class BrakeStoreSpecification
{
    private protected EventStoresUnderTest Stores { get; private set; } = null!;

    private protected abstract Task<EventStoresUnderTest> CreateAsync();

    [OneTimeSetUp]
    public async Task Open()
    {
        Stores = await CreateAsync();
        await Stores.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
    }

    [OneTimeTearDown]
    public async Task Close()
    {
        if (Stores is not null) await Stores.DisposeAsync();
    }

    [Test]
    public async Task A_brake_that_was_never_set_is_not_engaged()
    {
        string user = NewUser();

        (await ReadAsync(user)).Should().Be(new BrakeState { Engaged = false });
        (await SetAsync(user, engaged: false)).Should().Be(new BrakeOutcome(new BrakeState { Engaged = false }, null));
        (await Stores.Events.HeadAsync(user)).Sequence.Should().Be(0);
    }

    [Test]
    public async Task A_change_is_stored_together_with_its_event()
    {
        string user = NewUser();

        var (state, appended) = await SetAsync(user, engaged: true, "smoke", "anna");

        var stored = (await Stores.Events.SinceAsync(user)).Events.Should().ContainSingle().Subject;
        (stored.Type, stored.Position, stored.Time).Should().Be((AgentBrakeChanged.TypeName, appended!.Position, appended.Time));
        state.Should().Be(new BrakeState { Engaged = true, Reason = "smoke", ChangedBy = "anna", ChangedAt = stored.Time });
        (await ReadAsync(user)).Should().Be(state);
    }

    [Test]
    public async Task The_same_value_again_changes_nothing()
    {
        string user = NewUser();
        var (first, _) = await SetAsync(user, engaged: true, "smoke", "anna");

        (await SetAsync(user, engaged: true, "fire", "bert")).Should().Be(new BrakeOutcome(first, null));
        (await Stores.Events.HeadAsync(user)).Sequence.Should().Be(1);
    }

    [Test]
    public async Task A_change_and_back_are_two_events_and_the_reason_goes()
    {
        string user = NewUser();
        await SetAsync(user, engaged: true, "smoke", "anna");

        var (state, appended) = await SetAsync(user, engaged: false, null, "bert");

        appended!.Position.Sequence.Should().Be(2);
        (state.Engaged, state.Reason, state.ChangedBy).Should().Be((false, null, "bert"));
        (await ReadAsync(user)).Should().Be(state);
    }

    [Test]
    public async Task A_change_repeated_with_its_id_after_others_have_followed_is_not_made_again()
    {
        string user = NewUser();
        var engage = Changed(user);
        await SetAsync(engage, engaged: true);
        await SetAsync(user, engaged: false);

        var (state, appended) = await SetAsync(engage, engaged: true);

        (state.Engaged, appended).Should().Be((false, null));
        (await Stores.Events.HeadAsync(user)).Sequence.Should().Be(2);
    }

    [Test]
    public async Task Concurrent_changes_to_the_same_value_make_one_event()
    {
        string user = NewUser();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => SetAsync(user, engaged: true)));

        outcomes.Should().ContainSingle(outcome => outcome.Appended != null);
        outcomes.Select(outcome => outcome.State).Distinct().Should().ContainSingle();
        (await Stores.Events.HeadAsync(user)).Sequence.Should().Be(1);
    }

    [Test]
    public async Task The_state_outlives_its_events()
    {
        string user = NewUser();
        var (state, _) = await SetAsync(user, engaged: true, "smoke");
        await Stores.Events.TrimToAsync(user, 1);

        (await ReadAsync(user)).Should().Be(state);
    }

    [Test]
    public async Task An_event_that_the_database_refuses_leaves_the_brake_as_it_was()
    {
        string user = NewUser();
        var set = () => SetAsync(Event(user, "{no json"), engaged: true);

        await set.Should().ThrowAsync<ArgumentException>();
        (await ReadAsync(user)).Engaged.Should().BeFalse();
        (await Stores.Events.HeadAsync(user)).Sequence.Should().Be(0);
    }

    private protected static NewEvent Changed(string user) => Event(user, type: AgentBrakeChanged.TypeName);

    private protected Task<BrakeOutcome> SetAsync(string user, bool engaged, string? reason = null, string changedBy = "somebody") =>
        SetAsync(Changed(user), engaged, reason, changedBy);

    private protected Task<BrakeOutcome> SetAsync(NewEvent changed, bool engaged, string? reason = null, string changedBy = "somebody", TimeSpan? lockWait = null) =>
        Stores.Brakes.SetAsync(changed, engaged, reason, changedBy, lockWait ?? TimeSpan.FromSeconds(10), CancellationToken.None).WithinDeadline(Patience);

    private protected Task<BrakeState> ReadAsync(string user) => Stores.Brakes.ReadAsync(user, CancellationToken.None).WithinDeadline(Patience);
}
