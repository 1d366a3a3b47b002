using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Realtime.Server;
using Realtime.Server.EventStore;
using Realtime.Server.FanOut;
using Realtime.Server.Publishing;
using Realtime.Server.Telemetry;
using Realtime.Tests.Support;
using static Realtime.Tests.Specifications.EventStoreTestEvents;

namespace Realtime.Tests.Server;

/// <summary>Whatever the store does, every publisher is answered, and what waits is bounded.</summary>
public sealed class AppendQueueTests
{
    const int Capacity = 1_000;
    ScriptedEventStore _store = null!;
    RecordingGroups _groups = null!;
    ServiceProvider _services = null!;
    AppendQueue _queue = null!;
    RealtimeOptions _options = null!;

    [SetUp]
    public async Task Start()
    {
        _store = new ScriptedEventStore();
        _groups = new RecordingGroups();
        _services = new ServiceCollection().AddMetrics().AddSingleton<ServerMetrics>().BuildServiceProvider();
        _options = new RealtimeOptions { PublishQueueCapacity = Capacity, PublishTimeout = TimeSpan.FromMinutes(2) };
        _queue = QueueBy(TimeProvider.System);
        await _queue.StartAsync(CancellationToken.None);
    }

    AppendQueue QueueBy(TimeProvider time)
    {
        var options = Options.Create(_options);
        var metrics = _services.GetRequiredService<ServerMetrics>();
        var committed = new CommittedEvents(
            new EventBroadcaster(_groups, options, metrics, NullLogger<EventBroadcaster>.Instance), metrics, NullLogger<CommittedEvents>.Instance);
        var lanes = new AppendLanes(_store, committed, options, time, NullLogger<AppendLanes>.Instance);
        return new AppendQueue(_store, committed, lanes, options, time, metrics, NullLogger<AppendQueue>.Instance);
    }

    [TearDown]
    public async Task Stop()
    {
        await _queue.StopAsync(CancellationToken.None).WithinDeadline();
        _queue.Dispose();
        await _services.DisposeAsync();
    }

    static IEnumerable<TestCaseData> Faults()
    {
        yield return new TestCaseData(new InvalidOperationException("a bug")).SetArgDisplayNames("a bug");
        yield return new TestCaseData(new OperationCanceledException("not ours")).SetArgDisplayNames("a cancellation that is not ours");
    }

    [TestCaseSource(nameof(Faults))]
    public async Task After_any_fault_of_the_store_the_publisher_is_told_and_the_loop_goes_on(Exception fault)
    {
        _store.OnAppend = (_, _) => Task.FromException<IReadOnlyList<AppendOutcome>>(fault);

        await Publishing().Should().ThrowAsync<StoreUnavailableException>();

        _store.OnAppend = null;
        (await Publish().WithinDeadline()).Should().ContainSingle();
    }

    [Test]
    public async Task Fewer_outcomes_than_units_answer_nobody_wrongly_and_the_loop_goes_on()
    {
        _store.OnAppend = (units, _) => Task.FromResult<IReadOnlyList<AppendOutcome>>([.. units.Select(_ => (AppendOutcome)null!)]);

        await Publishing().Should().ThrowAsync<StoreUnavailableException>();

        _store.OnAppend = null;
        (await Publish().WithinDeadline()).Should().ContainSingle();
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_full_queue_answers_at_once_also_when_its_publishers_have_gone(bool publishersLeave)
    {
        var hanging = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        _store.OnAppend = async (units, _) =>
        {
            await hanging.Task;
            return _store.Commit(units);
        };
        using var leaving = new CancellationTokenSource();
        var waiting = Enumerable.Range(0, Capacity).Select(_ => _queue.AppendAsync(Unit(Event(NewUser())), leaving.Token)).ToList();
        if (publishersLeave)
        {
            await leaving.CancelAsync();
            foreach (var gone in waiting) await gone.Invoking(t => t.WithinDeadline()).Should().ThrowAsync<OperationCanceledException>();
        }

        var refused = Publish();

        refused.IsCompleted.Should().BeTrue("a full queue lets nobody wait");
        await refused.Invoking(t => t).Should().ThrowAsync<StoreUnavailableException>();
        hanging.SetResult(true);
        await Eventually.Async("there is room again", async () => await SucceedsAsync());
        if (!publishersLeave) (await Task.WhenAll(waiting).WithinDeadline()).Should().HaveCount(Capacity);
    }

    [Test]
    public async Task A_store_that_hangs_ends_the_wait_at_the_timeout_and_stopping_ends_it_at_once()
    {
        _store.OnAppend = async (_, stopping) =>
        {
            await new TaskCompletionSource().Task.WaitAsync(stopping);
            return [];
        };
        _options.PublishTimeout = TimeSpan.FromSeconds(1);
        await Publishing().Should().ThrowAsync<StoreUnavailableException>().WithMessage("*did not acknowledge*");
        _options.PublishTimeout = TimeSpan.FromMinutes(2);
        var waiting = Publish();
        var behindIt = Publish();

        await _queue.StopAsync(CancellationToken.None).WithinDeadline();

        await waiting.Invoking(t => t.WithinDeadline()).Should().ThrowAsync<StoreUnavailableException>().WithMessage("*stopping*");
        await behindIt.Invoking(t => t.WithinDeadline()).Should().ThrowAsync<StoreUnavailableException>().WithMessage("*stopping*");
        await Publishing().Should().ThrowAsync<StoreUnavailableException>().WithMessage("*stopping*");
    }

    [Test]
    public async Task A_lost_answer_is_tried_again_and_what_was_stored_is_pushed_once()
    {
        int attempts = 0;
        _store.OnAppend = (units, _) =>
        {
            if (Interlocked.Increment(ref attempts) > 1) return Task.FromResult(AsDuplicates(_store.Commit(units)));
            return Task.FromException<IReadOnlyList<AppendOutcome>>(new StoreUnavailableException("The answer was lost."));
        };

        var stored = await Publish().WithinDeadline();

        stored.Single().IsDuplicate.Should().BeTrue("the store has it from the first attempt");
        await Eventually.Async("it is pushed all the same", () => _groups.Sent.Count == 1);
    }

    [Test]
    public async Task Stopping_answers_those_who_wait_in_lanes_too()
    {
        _store.OnAppend = async (units, stopping) =>
        {
            if (units[0].Events[0].UserId == "held") await Task.Yield();
            return [.. units.Select(_ => AppendOutcome.Skipped.Instance)];
        };
        var held = _queue.AppendAsync(Unit(Event("held")), CancellationToken.None);

        await _queue.StopAsync(CancellationToken.None).WithinDeadline();

        await held.Invoking(t => t.WithinDeadline()).Should().ThrowAsync<StoreUnavailableException>();
    }

    [Test]
    public async Task Enough_new_events_are_appended_beside_an_append_under_way_but_not_those_of_its_user()
    {
        var calls = HoldAppends();
        var first = Publish("busy");
        var firstCall = await calls.Reader.ReadAsync().AsTask().WithinDeadline();
        var second = Publish("busy");
        var others = Enumerable.Range(0, AppendBacklog.EnoughForAnother).Select(_ => Publish()).ToList();

        var secondCall = await calls.Reader.ReadAsync().AsTask().WithinDeadline();
        secondCall.Users.Should().HaveCountGreaterThanOrEqualTo(AppendBacklog.EnoughForAnother - 1).And.NotContain("busy");
        secondCall.Go.SetResult();
        await Task.WhenAll(others.Take(secondCall.Users.Count)).WithinDeadline();
        first.IsCompleted.Should().BeFalse();
        second.IsCompleted.Should().BeFalse();

        firstCall.Go.SetResult();
        (await first.WithinDeadline()).Single().Position.Sequence.Should().Be(1);
        var thirdCall = await calls.Reader.ReadAsync().AsTask().WithinDeadline();
        thirdCall.Users.Should().Contain("busy");
        thirdCall.Go.SetResult();
        (await second.WithinDeadline()).Single().Position.Sequence.Should().Be(2);
        await Task.WhenAll(others).WithinDeadline();
    }

    [Test]
    public async Task An_array_that_waits_for_a_user_with_an_append_under_way_is_not_overtaken_by_its_other_users()
    {
        var calls = HoldAppends();
        var first = Publish("busy");
        var firstCall = await calls.Reader.ReadAsync().AsTask().WithinDeadline();
        var array = _queue.AppendAsync(Unit(Event("busy"), Event("other")), CancellationToken.None);
        var after = Publish("other");
        var others = Enumerable.Range(0, AppendBacklog.EnoughForAnother).Select(_ => Publish()).ToList();

        var secondCall = await calls.Reader.ReadAsync().AsTask().WithinDeadline();
        secondCall.Users.Should().NotContain("busy").And.NotContain("other");
        secondCall.Go.SetResult();
        firstCall.Go.SetResult();
        await first.WithinDeadline();
        await LetGoAsync(calls, until: Task.WhenAll([array, after, .. others]));

        (await array.WithinDeadline())[1].Position.Sequence.Should().Be(1);
        (await after.WithinDeadline()).Single().Position.Sequence.Should().Be(2);
    }

    [Test]
    public async Task Few_new_events_wait_for_the_append_under_way()
    {
        var calls = HoldAppends();
        var first = Publish();
        var firstCall = await calls.Reader.ReadAsync().AsTask().WithinDeadline();
        var others = Enumerable.Range(0, AppendBacklog.EnoughForAnother - 1).Select(_ => Publish()).ToList();

        firstCall.Go.SetResult();
        await first.WithinDeadline();

        var secondCall = await calls.Reader.ReadAsync().AsTask().WithinDeadline();
        secondCall.Users.Should().HaveCount(others.Count, "they were appended together, after the first");
        secondCall.Go.SetResult();
        await Task.WhenAll(others).WithinDeadline();
    }

    [Test]
    public async Task What_follows_a_batch_of_several_is_gathered_for_a_moment()
    {
        var time = new FakeTimeProvider();
        using var queue = QueueBy(time);
        await queue.StartAsync(CancellationToken.None);
        var calls = HoldAppends();
        var first = PublishTo(queue);
        var alone = await calls.Reader.ReadAsync().AsTask().WithinDeadline();
        var several = Task.WhenAll(Enumerable.Range(0, 3).Select(_ => PublishTo(queue)));
        alone.Go.SetResult();
        var together = await calls.Reader.ReadAsync().AsTask().WithinDeadline();
        var next = PublishTo(queue);
        together.Go.SetResult();
        await Task.WhenAll(first, several).WithinDeadline();

        var last = PublishTo(queue);
        HeldAppend? gathered = null;
        await Eventually.Async("the moment is over", () =>
        {
            time.Advance(TimeSpan.FromMilliseconds(1));
            return calls.Reader.TryRead(out gathered);
        });

        gathered!.Users.Should().HaveCount(2, "the one that waited was joined by the one that came a moment later");
        gathered.Go.SetResult();
        await Task.WhenAll(next, last).WithinDeadline();
        await queue.StopAsync(CancellationToken.None).WithinDeadline();

        static Task<IReadOnlyList<AppendedEvent>> PublishTo(AppendQueue queue) => queue.AppendAsync(Unit(Event(NewUser())), CancellationToken.None);
    }

    /// <summary>From now on each append waits until the test lets it go.</summary>
    Channel<HeldAppend> HoldAppends()
    {
        var calls = Channel.CreateUnbounded<HeldAppend>();
        _store.OnAppend = async (units, stopping) =>
        {
            var call = new HeldAppend([.. units.SelectMany(u => u.Events).Select(e => e.UserId)], new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            await calls.Writer.WriteAsync(call, stopping);
            await call.Go.Task.WaitAsync(stopping);
            return _store.Commit(units);
        };
        return calls;
    }

    static async Task LetGoAsync(Channel<HeldAppend> calls, Task until)
    {
        while (!until.IsCompleted)
        {
            if (calls.Reader.TryRead(out var call)) call.Go.SetResult();
            else await Task.WhenAny(until, calls.Reader.WaitToReadAsync().AsTask()).WithinDeadline();
        }
    }

    Task<IReadOnlyList<AppendedEvent>> Publish(string user) => _queue.AppendAsync(Unit(Event(user)), CancellationToken.None);

    Task<IReadOnlyList<AppendedEvent>> Publish() => _queue.AppendAsync(Unit(Event(NewUser())), CancellationToken.None);

    Func<Task> Publishing() => () => Publish().WithinDeadline();

    async Task<bool> SucceedsAsync()
    {
        try
        {
            return (await Publish()).Count == 1;
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }

    static IReadOnlyList<AppendOutcome> AsDuplicates(IReadOnlyList<AppendOutcome> outcomes) =>
        [.. outcomes.Cast<AppendOutcome.Committed>().Select(c => new AppendOutcome.Committed([.. c.Events.Select(e => e with { IsDuplicate = true })]))];

    sealed record HeldAppend(IReadOnlyList<string> Users, TaskCompletionSource Go);
}
