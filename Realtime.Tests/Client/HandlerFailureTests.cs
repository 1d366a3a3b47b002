using Realtime.Client;
using Realtime.Contracts.Events;
using Realtime.Tests.Support;

namespace Realtime.Tests.Client;

public sealed class HandlerFailureTests
{
    FakeHubServer _server = null!;

    [SetUp]
    public async Task StartServer() => _server = await FakeHubServer.StartedAsync();

    [TearDown]
    public async Task StopServer() => await _server.DisposeAsync();

    [Test]
    public async Task Failing_handler_is_retried_before_the_next_event()
    {
        int attempts = 0;
        await using var run = await ClientRun.LiveAsync(_server.Url, handler: e =>
            e.Position.Sequence == 1 && Interlocked.Increment(ref attempts) == 1 ? throw new InvalidOperationException("once") : Task.CompletedTask);
        await _server.PublishAsync();
        await _server.PublishAsync();

        await run.UntilSeenAsync(2);
        attempts.Should().Be(2);
        run.Sequences.Should().Equal(1, 2);
    }

    [Test]
    public async Task Event_that_keeps_failing_stops_the_client_before_it_by_default()
    {
        var store = new InMemoryCursorStore();
        await using var run = await ClientRun.LiveAsync(
            _server.Url,
            o =>
            {
                o.CursorStore = store;
                o.HandlerFailure = new HandlerFailurePolicy { MaxAttempts = 1 };
            },
            e => e.Position.Sequence == 2 ? throw new InvalidOperationException("always") : Task.CompletedTask);
        await _server.PublishAsync();
        var poison = await _server.PublishAsync();

        var failure = (await FluentActions.Awaiting(() => run.Client.Completion.WithinDeadline()).Should().ThrowAsync<HandlerFailedException>()).Which;
        failure.Position.Should().Be(poison.Position);
        failure.InnerException.Should().BeOfType<InvalidOperationException>();
        run.Client.Status.State.Should().Be(ConnectionState.Stopped);
        (await store.LoadAsync(CancellationToken.None))!.Position.Sequence.Should().Be(1);
        await FluentActions.Awaiting(() => run.Client.WaitForAsync(poison.Position).WithinDeadline()).Should().ThrowAsync<HandlerFailedException>();
    }

    [Test]
    public async Task Parked_event_is_reported_and_passed()
    {
        await using var run = await ClientRun.LiveAsync(
            _server.Url,
            o => o.HandlerFailure = new HandlerFailurePolicy { MaxAttempts = 1, Then = HandlerFailureAction.Park },
            e => e.Position.Sequence == 1 ? throw new InvalidOperationException("always") : Task.CompletedTask);
        var poison = await _server.PublishAsync();
        await _server.PublishAsync();

        await run.UntilSeenAsync(1);
        run.Sequences.Should().Equal(2);
        var parked = run.Parked.Should().ContainSingle().Subject;
        parked.Event.Id.Should().Be(poison.Id);
        parked.Error.Should().BeOfType<InvalidOperationException>();
    }

    [Test]
    public async Task Handlers_that_have_completed_are_not_called_again_for_the_same_event()
    {
        int first = 0, second = 0;
        await using var run = ClientRun.Create(_server.Url);
        run.Client.On<BriefingDelivered>((_, _) => Task.FromResult(Interlocked.Increment(ref first)));
        run.Client.On<BriefingDelivered>((_, _) => Interlocked.Increment(ref second) == 1 ? throw new InvalidOperationException("once") : Task.CompletedTask);
        await run.Client.StartAsync().WithinDeadline();
        var published = await _server.PublishAsync();

        await run.Client.WaitForAsync(published.Position).WithinDeadline();
        (first, second).Should().Be((1, 2));
        run.Sequences.Should().Equal(1);
    }

    [Test]
    public async Task Unreadable_data_of_an_expected_type_is_parked_when_nobody_takes_it_raw()
    {
        var options = ClientRun.Options(_server.Url);
        await using var client = new AgentEventsClient(options);
        var parked = new TaskCompletionSource<EventParkedEventArgs>(TaskCreationOptions.RunContinuationsAsynchronously);
        client.EventParked += (_, e) => parked.TrySetResult(e);
        client.On<BriefingDelivered>((_, _) => Task.CompletedTask);
        await client.StartAsync().WithinDeadline();
        _server.Stream.Append("""{"title":7}""");
        await _server.PushHeadAsync();

        (await parked.Task.WithinDeadline()).Event.ReadFault.Should().NotBeNull();
    }

    [Test]
    public async Task Handlers_run_one_at_a_time()
    {
        int running = 0, most = 0;
        await using var run = await ClientRun.LiveAsync(_server.Url, handler: async _ =>
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            await Task.Yield();
            Interlocked.Decrement(ref running);
        });
        for (int i = 0; i < 50; i++) await _server.PublishAsync();

        await run.UntilSeenAsync(50);
        most.Should().Be(1);
    }
}
