using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Tests.Support;

namespace Realtime.Tests.Client;

public sealed class EnumerationTests
{
    FakeHubServer _server = null!;
    AgentEventsClient _client = null!;

    [SetUp]
    public async Task StartServer()
    {
        _server = await FakeHubServer.StartedAsync();
        _client = new AgentEventsClient(ClientRun.Options(_server.Url));
    }

    [TearDown]
    public async Task StopServer()
    {
        await _client.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Test]
    public async Task Cursor_passes_an_item_when_the_next_one_is_asked_for()
    {
        await _client.StartAsync().WithinDeadline();
        var published = await _server.AppendAndTellHeadAsync(2);
        await using var events = _client.ReadAllAsync().GetAsyncEnumerator();

        (await events.MoveNextAsync().WithinDeadline()).Should().BeTrue();
        events.Current.Position.Should().Be(published[0].Position);
        _client.Position!.Value.Sequence.Should().Be(0);

        (await events.MoveNextAsync().WithinDeadline()).Should().BeTrue();
        _client.Position!.Value.Sequence.Should().Be(1);
    }

    [Test]
    public async Task Item_in_the_middle_of_which_the_enumeration_is_left_comes_again()
    {
        await _client.StartAsync().WithinDeadline();
        await _server.AppendAndTellHeadAsync(3);
        (await TakeAsync(2)).Should().Equal(1, 2);
        (await TakeAsync(2)).Should().Equal(2, 3);
    }

    [Test]
    public async Task Second_enumeration_at_the_same_time_throws()
    {
        await _client.StartAsync().WithinDeadline();
        await _server.AppendAndTellHeadAsync(1);
        await using var events = _client.ReadAllAsync().GetAsyncEnumerator();
        await events.MoveNextAsync().WithinDeadline();

        await using var second = _client.ReadAllAsync().GetAsyncEnumerator();
        await FluentActions.Awaiting(() => second.MoveNextAsync().WithinDeadline()).Should().ThrowAsync<InvalidOperationException>();
    }

    [Test]
    public void Enumeration_together_with_handlers_throws_whichever_comes_first()
    {
        _client.ReadAllAsync();
        FluentActions.Invoking(() => _client.On<BriefingDelivered>((_, _) => Task.CompletedTask)).Should().Throw<InvalidOperationException>();
    }

    [Test]
    public void Enumeration_after_handlers_throws()
    {
        _client.On((_, _) => Task.CompletedTask);
        FluentActions.Invoking(() => _client.ReadAllAsync()).Should().Throw<InvalidOperationException>();
    }

    [Test]
    public async Task Enumeration_ends_when_the_client_stops()
    {
        await _client.StartAsync().WithinDeadline();
        await using var events = _client.ReadAllAsync().GetAsyncEnumerator();
        var next = events.MoveNextAsync();
        await _client.StopAsync().WithinDeadline();

        (await next.WithinDeadline()).Should().BeFalse();
    }

    [Test]
    public async Task Enumeration_ends_with_the_error_that_stopped_the_client()
    {
        await _client.StartAsync().WithinDeadline();
        await _server.WaitForConnectionAsync();
        await using var events = _client.ReadAllAsync().GetAsyncEnumerator();
        var next = events.MoveNextAsync();
        _server.Guard = _ => new FakeRefusal(403, ProblemTypes.WrongUser);
        _server.Cut();

        await FluentActions.Awaiting(() => next.WithinDeadline()).Should().ThrowAsync<AccessDeniedException>();
    }

    [Test]
    public async Task Cancelling_an_enumeration_leaves_the_client_running()
    {
        await _client.StartAsync().WithinDeadline();
        using var cancel = new CancellationTokenSource();
        await using (var events = _client.ReadAllAsync(cancel.Token).GetAsyncEnumerator())
        {
            var next = events.MoveNextAsync();
            await cancel.CancelAsync();
            await FluentActions.Awaiting(() => next.WithinDeadline()).Should().ThrowAsync<OperationCanceledException>();
        }

        await _server.AppendAndTellHeadAsync(1);
        (await TakeAsync(1)).Should().Equal(1);
    }

    async Task<List<long>> TakeAsync(int count)
    {
        var taken = new List<long>();
        await using var events = _client.ReadAllAsync().GetAsyncEnumerator();
        while (taken.Count < count && await events.MoveNextAsync().WithinDeadline()) taken.Add(events.Current.Position.Sequence);
        return taken;
    }
}
