using Realtime.Client;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Client;

public sealed class HistoryTests
{
    FakeHubServer _server = null!;

    [SetUp]
    public async Task StartServer() => _server = await FakeHubServer.StartedAsync();

    [TearDown]
    public async Task StopServer() => await _server.DisposeAsync();

    [Test]
    public async Task Restored_database_of_the_same_epoch_is_noticed_by_the_first_push_and_only_what_is_gone_is_lost()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url);
        for (int i = 0; i < 10; i++) await _server.PublishAsync();
        await run.UntilSeenAsync(10);
        _server.Stream.RestoreTo(6);
        for (int i = 0; i < 3; i++) await _server.PublishAsync(); // 7, 8, 9 again, later than the 10 the client knows

        await run.UntilSeenAsync(13);
        run.Losses.Should().ContainSingle().Which.Reason.Should().Be(HistoryLostReason.AheadOfHead);
        run.Sequences.Should().Equal(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 7, 8, 9);
        run.Seen.Select(e => e.Id).Should().OnlyHaveUniqueItems();
    }

    [Test]
    public async Task Rewritten_history_that_has_overtaken_the_cursor_is_noticed_after_a_reconnect()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url);
        for (int i = 0; i < 5; i++) await _server.PublishAsync();
        await run.UntilSeenAsync(5);
        _server.Stream.RestoreTo(2);
        _server.Stream.Append(6);
        _server.Cut();

        await run.UntilSeenAsync(11);
        run.Losses.Should().ContainSingle().Which.Reason.Should().Be(HistoryLostReason.Forked);
        run.Sequences.Skip(5).Should().Equal(3, 4, 5, 6, 7, 8);
    }

    [Test]
    public async Task New_epoch_is_reported_once_and_goes_on_after_the_last_event_by_time()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url);
        for (int i = 0; i < 4; i++) await _server.PublishAsync();
        await run.UntilSeenAsync(4);
        _server.Stream.RestoreTo(4, newEpoch: "next");
        for (int i = 0; i < 3; i++) await _server.PublishAsync();

        await run.UntilSeenAsync(7);
        run.Losses.Should().ContainSingle().Which.Reason.Should().Be(HistoryLostReason.EpochChanged);
        run.Seen.Skip(4).Select(e => e.Position.ToString()).Should().Equal("next.5", "next.6", "next.7");
        await Eventually.Async("it is live again", () => run.Client.Status.State == ConnectionState.Live);
    }

    [Test]
    public async Task Application_may_choose_to_go_on_elsewhere()
    {
        await using var run = ClientRun.Create(_server.Url, o => o.StartFrom = StartFrom.After(new StreamPosition("gone", 3)));
        run.Client.HistoryLost += (_, lost) => lost.ContinueFrom = StartFrom.Head;
        _server.Stream.Append(5);
        await run.Client.StartAsync().WithinDeadline();
        await run.UntilLiveAsync();
        await _server.PublishAsync();

        await run.UntilSeenAsync(1);
        run.Sequences.Should().Equal(6);
    }

    [Test]
    public async Task Without_a_known_time_a_foreign_position_goes_on_from_the_oldest()
    {
        _server.Stream.Append(3);
        await using var run = await ClientRun.StartAsync(_server.Url, o => o.StartFrom = StartFrom.After(new StreamPosition("gone", 1)));

        await run.UntilSeenAsync(3);
        run.Losses.Should().ContainSingle();
    }

    [Test]
    public async Task Callback_that_throws_does_not_stop_the_stream()
    {
        _server.Stream.Append(3);
        await using var run = ClientRun.Create(_server.Url, o => o.StartFrom = StartFrom.After(new StreamPosition("gone", 1)));
        run.Client.HistoryLost += (_, _) => throw new InvalidOperationException("callback");
        await run.Client.StartAsync().WithinDeadline();

        await run.UntilSeenAsync(3);
    }

    [Test]
    public async Task Waiting_for_a_position_of_a_lost_history_ends_with_its_reason()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url);
        await _server.PublishAsync();
        await run.UntilSeenAsync(1);
        var waiting = run.Client.WaitForAsync(new StreamPosition("fake", 50));
        _server.Stream.RestoreTo(1, newEpoch: "next");
        await _server.PublishAsync();

        await FluentActions.Awaiting(() => waiting.WithinDeadline()).Should().ThrowAsync<HistoryLostException>();
    }

    [Test]
    public async Task Start_since_a_time_begins_with_the_first_later_event()
    {
        var events = _server.Stream.Append(6);
        await using var run = await ClientRun.StartAsync(_server.Url, o => o.StartFrom = StartFrom.Since(events[2].Time));

        await run.UntilSeenAsync(3);
        run.Sequences.Should().Equal(4, 5, 6);
    }

    [Test]
    public async Task Start_after_a_position_begins_with_the_next()
    {
        var events = _server.Stream.Append(4);
        await using var run = await ClientRun.StartAsync(_server.Url, o => o.StartFrom = StartFrom.After(events[1].Position));

        await run.UntilSeenAsync(2);
        run.Sequences.Should().Equal(3, 4);
    }

    [Test]
    public async Task Start_at_the_head_misses_nothing_that_is_published_after_StartAsync()
    {
        _server.Stream.Append(4);
        await using var run = await ClientRun.StartAsync(_server.Url);
        await _server.PublishAsync(); // the hub connection may not stand yet: then its barrier tells

        await run.UntilSeenAsync(1);
        run.Sequences.Should().Equal(5);
    }

    [Test]
    public async Task Start_is_retried_while_the_server_fails()
    {
        _server.Guard = r => !r.IsHandshake && _server.Questions.Count < 3 ? new FakeRefusal(503, ProblemTypes.StoreUnavailable, RetryAfter: 0) : null;
        await using var run = await ClientRun.LiveAsync(_server.Url, o => o.Jitter = () => 0.99);

        _server.Questions.Count.Should().BeGreaterThanOrEqualTo(3);
    }
}
