using Realtime.Client;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Client;

/// <summary>A database was restored to an earlier day while clients were online, and what was under way then still arrives.</summary>
public sealed class RewrittenHistoryTests
{
    FakeHubServer _server = null!;

    [SetUp]
    public async Task StartServer() => _server = await FakeHubServer.StartedAsync();

    [TearDown]
    public async Task StopServer() => await _server.DisposeAsync();

    [Test]
    public async Task Held_event_of_the_old_history_is_never_handed_over_after_the_new_one()
    {
        await using var run = await SeenAsync(3);
        var old = _server.Stream.Append(2);
        await _server.PushAsync(old[1]); // 5 is held, 4 is lost
        _server.Stream.RestoreTo(3);
        await _server.PublishAsync(); // 4 again
        await run.UntilSeenAsync(4);
        await _server.PublishAsync(); // 5 again

        await run.UntilSeenAsync(5);
        run.Sequences.Should().Equal(1, 2, 3, 4, 5);
        run.Seen.Should().NotContain(e => e.Id == old[1].Id);
        run.Losses.Should().BeEmpty("nothing that was seen is gone");
    }

    [Test]
    public async Task Head_that_the_restored_database_never_reaches_is_dropped_and_the_client_is_live_again()
    {
        await using var run = await SeenAsync(3);
        var gone = _server.Stream.Append(2);
        _server.Stream.RestoreTo(3);
        int questions = _server.Questions.Count;
        await _server.PushAsync(gone[1]);
        await Eventually.Async("the client asks for what is missing", () => _server.Questions.Count > questions);
        _server.Cut();

        await run.UntilLiveAsync(times: 2);
        run.Logs.All.Should().Contain(l => l.Text.Contains("does not show fake.5", StringComparison.Ordinal));
        await _server.PublishAsync();
        await run.UntilSeenAsync(4);
        run.Losses.Should().BeEmpty();
    }

    [Test]
    public async Task Head_that_was_dropped_is_believed_when_it_is_heard_again()
    {
        await using var run = await SeenAsync(1);
        _server.Stream.ClaimedHead = _server.Stream.Head; // the answers come from a day ago
        _server.Stream.Append(2);
        await _server.PushHeadAsync(_server.Stream.Head.At(3));
        await Eventually.Async("the head is dropped", () => run.Logs.All.Any(l => l.Text.Contains("does not show fake.3", StringComparison.Ordinal)));
        _server.Stream.ClaimedHead = null;
        await _server.PushHeadAsync();

        await run.UntilSeenAsync(3);
    }

    [Test]
    public async Task Late_pushes_and_heads_of_the_old_history_disturb_nothing_after_the_loss()
    {
        await using var run = await SeenAsync(5);
        var late = _server.Stream.Append(3);
        _server.Stream.RestoreTo(2);
        await _server.PublishAsync(); // 3 again: the fork is seen
        await Eventually.Async("the loss is reported", () => run.Losses.Count == 1);
        foreach (var old in run.Seen.Take(5).Select(e => e.Envelope).Concat(late)) await _server.PushAsync(old);
        await _server.PushHeadAsync(late[2].Position);
        for (int i = 0; i < 7; i++) await _server.PublishAsync(); // 4 to 10

        await run.UntilSeenAsync(13);
        run.Sequences.Should().Equal(1, 2, 3, 4, 5, 3, 4, 5, 6, 7, 8, 9, 10);
        run.Seen.Select(e => e.Id).Should().OnlyHaveUniqueItems().And.NotIntersectWith(late.Select(e => e.Id));
        run.Losses.Should().ContainSingle();
    }

    [Test]
    public async Task Push_that_shows_the_fork_stops_the_ones_behind_it_until_the_server_has_answered()
    {
        using var gate = new SemaphoreSlim(0);
        var atWork = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var run = await SeenAsync(3, handler: async e =>
        {
            if (e.Position.Sequence != 4) return;
            atWork.TrySetResult();
            await gate.WaitAsync().WithinDeadline();
        });
        await _server.PublishAsync(); // 4: its handler is at work while history is rewritten
        await atWork.Task.WithinDeadline();
        _server.Stream.RestoreTo(2);
        foreach (var next in _server.Stream.Append(3)) await _server.PushAsync(next); // 3, 4, 5 again: 5 would be the next
        gate.Release(100);

        await run.UntilSeenAsync(7);
        run.Sequences.Should().Equal(1, 2, 3, 4, 3, 4, 5);
        run.Losses.Should().ContainSingle();
    }

    [Test]
    public async Task Restore_between_two_pages_is_noticed()
    {
        _server.Stream.Append(6);
        _server.Stream.PageLimit = 3;
        RestoreBeforeSecondPage(() =>
        {
            _server.Stream.RestoreTo(2);
            _server.Stream.Append(5);
        });
        await using var run = await ClientRun.StartAsync(_server.Url, o => o.StartFrom = StartFrom.Beginning);

        await run.UntilSeenAsync(8);
        run.Sequences.Should().Equal(1, 2, 3, 3, 4, 5, 6, 7);
        run.Losses.Should().ContainSingle().Which.Reason.Should().Be(HistoryLostReason.Forked);
    }

    [Test]
    public async Task New_epoch_between_two_pages_is_noticed()
    {
        _server.Stream.Append(6);
        _server.Stream.PageLimit = 3;
        RestoreBeforeSecondPage(() =>
        {
            _server.Stream.RestoreTo(4, newEpoch: "next");
            _server.Stream.Append();
        });
        await using var run = await ClientRun.StartAsync(_server.Url, o => o.StartFrom = StartFrom.Beginning);

        await run.UntilSeenAsync(5);
        run.Seen.Select(e => e.Position.ToString()).Should().Equal("fake.1", "fake.2", "fake.3", "next.4", "next.5");
        run.Losses.Should().ContainSingle().Which.Reason.Should().Be(HistoryLostReason.EpochChanged);
    }

    [Test]
    public async Task Cut_history_is_noticed_at_the_reconnect_without_any_new_event()
    {
        await using var run = await SeenAsync(4);
        _server.Stream.RestoreTo(2);
        _server.Cut();

        await Eventually.Async("the loss is reported", () => run.Losses.Count == 1);
        run.Losses[0].Reason.Should().Be(HistoryLostReason.AheadOfHead);
    }

    [Test]
    public async Task Cut_history_is_noticed_from_the_head_that_is_announced_without_any_new_event()
    {
        await using var run = await SeenAsync(4);
        _server.Stream.RestoreTo(2);
        await _server.PushHeadAsync();

        await Eventually.Async("the loss is reported", () => run.Losses.Count == 1);
        run.Losses[0].Reason.Should().Be(HistoryLostReason.AheadOfHead);
    }

    [Test]
    public async Task Old_head_alone_is_no_loss()
    {
        await using var run = await SeenAsync(4);
        int questions = _server.Questions.Count;
        await _server.PushHeadAsync(_server.Stream.Head.At(2));

        await Eventually.Async("the client asks", () => _server.Questions.Count > questions);
        await _server.PublishAsync();
        await run.UntilSeenAsync(5);
        run.Losses.Should().BeEmpty();
    }

    [Test]
    public async Task Start_goes_on_when_the_cursor_cannot_be_saved_at_first()
    {
        _server.Stream.Append(3);
        var store = new FailsTwice();
        await using var run = await ClientRun.StartAsync(_server.Url, o =>
        {
            o.StartFrom = StartFrom.Since(DateTimeOffset.UnixEpoch);
            o.CursorStore = store;
        });

        await run.UntilSeenAsync(3);
        store.Attempts.Should().BeGreaterThan(2);
    }

    [Test]
    public async Task Stop_while_the_server_fails_is_no_error()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var run = await SeenAsync(1);
        _server.OnQuestion = async _ =>
        {
            asked.TrySetResult();
            await Eventually.Async("the client stops", () => run.Client.Status.State == ConnectionState.Stopped);
        };
        await _server.PushHeadAsync(_server.Stream.Head.At(9));
        await asked.Task.WithinDeadline();

        await run.Client.StopAsync().WithinDeadline();
        run.Client.Completion.IsCompletedSuccessfully.Should().BeTrue();
    }

    async Task<ClientRun> SeenAsync(int count, Func<AgentEvent, Task>? handler = null)
    {
        var run = await ClientRun.LiveAsync(_server.Url, handler: handler);
        for (int i = 0; i < count; i++) await _server.PublishAsync();
        await run.UntilSeenAsync(count);
        return run;
    }

    void RestoreBeforeSecondPage(Action restore)
    {
        int isDone = 0;
        _server.OnQuestion = question =>
        {
            if (question.Contains("after=fake.3", StringComparison.Ordinal) && Interlocked.Exchange(ref isDone, 1) == 0) restore();
            return Task.CompletedTask;
        };
    }

    sealed class FailsTwice : ICursorStore
    {
        readonly InMemoryCursorStore _store = new();
        int _attempts;

        internal int Attempts => Volatile.Read(ref _attempts);

        public ValueTask<StreamCursor?> LoadAsync(CancellationToken cancellationToken) => _store.LoadAsync(cancellationToken);

        public ValueTask SaveAsync(StreamCursor cursor, CancellationToken cancellationToken) =>
            Interlocked.Increment(ref _attempts) <= 2 ? throw new IOException("The disk is full.") : _store.SaveAsync(cursor, cancellationToken);
    }
}
