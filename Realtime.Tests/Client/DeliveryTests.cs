using Microsoft.Extensions.Time.Testing;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Tests.Support;

namespace Realtime.Tests.Client;

public sealed class DeliveryTests
{
    FakeHubServer _server = null!;

    [SetUp]
    public async Task StartServer() => _server = await FakeHubServer.StartedAsync();

    [TearDown]
    public async Task StopServer() => await _server.DisposeAsync();

    [Test]
    public async Task Pushed_events_arrive_typed_and_in_order_without_asking_the_server()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url);
        int questions = _server.Questions.Count;
        for (int i = 0; i < 20; i++) await _server.PublishAsync();

        await run.UntilSeenAsync(20);
        run.Sequences.Should().Equal(Enumerable.Range(1, 20).Select(i => (long)i));
        run.Seen[4].Should().BeOfType<AgentEvent<BriefingDelivered>>().Which.Data.ItemCount.Should().Be(5);
        _server.Questions.Count.Should().Be(questions);
    }

    [Test]
    public async Task Gap_of_one_is_recovered_before_the_next_event_is_delivered()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url);
        await _server.PublishAsync();
        _server.Stream.Append(); // its push is lost
        await _server.PublishAsync();

        await run.UntilSeenAsync(3);
        run.Sequences.Should().Equal(1, 2, 3);
        _server.Questions[^1].Should().Contain("after=fake.1");
    }

    [Test]
    public async Task Swapped_pushes_are_put_in_order_without_asking_the_server()
    {
        // By this clock the time to wait for the missing one never passes.
        await using var run = await ClientRun.LiveAsync(_server.Url, o => o.TimeProvider = new FakeTimeProvider());
        int questions = _server.Questions.Count;
        var events = _server.Stream.Append(4);
        foreach (int i in new[] { 1, 0, 3, 2 }) await _server.PushAsync(events[i]);

        await run.UntilSeenAsync(4);
        run.Sequences.Should().Equal(1, 2, 3, 4);
        _server.Questions.Count.Should().Be(questions);
    }

    [Test]
    public async Task Duplicates_are_dropped()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url);
        var first = await _server.PublishAsync();
        await _server.PushAsync(first);
        await _server.PushAsync(first);
        await _server.PublishAsync();

        await run.UntilSeenAsync(2);
        run.Sequences.Should().Equal(1, 2);
    }

    [Test]
    public async Task Lost_last_event_is_found_through_ReceiveHead()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url);
        _server.Stream.Append();
        await _server.PushHeadAsync();

        await run.UntilSeenAsync(1);
    }

    [Test]
    public async Task Push_that_races_the_barrier_is_delivered_once_and_in_order()
    {
        _server.Stream.Append(3);
        var raced = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _server.OnGetHead = async () =>
        {
            var head = _server.Stream.Head;
            await _server.PublishAsync(); // committed after the head was read, pushed before the client knows the head
            raced.TrySetResult();
            return head;
        };
        await using var run = await ClientRun.StartAsync(_server.Url, o => o.StartFrom = StartFrom.Beginning);

        await raced.Task.WithinDeadline();
        await run.UntilSeenAsync(4);
        run.Sequences.Should().Equal(1, 2, 3, 4);
    }

    [Test]
    public async Task Missed_events_are_read_page_by_page()
    {
        _server.Stream.Append(2500);
        _server.Stream.PageLimit = 100;
        await using var run = await ClientRun.StartAsync(_server.Url, o => o.StartFrom = StartFrom.Beginning);

        await run.UntilLiveAsync();
        run.Sequences.Should().Equal(Enumerable.Range(1, 2500).Select(i => (long)i));
    }

    [Test]
    public async Task Trimmed_history_is_reported_and_goes_on_from_the_oldest()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url);
        _server.Stream.Append(2);
        _server.Stream.TrimTo(1);
        await _server.PushHeadAsync();

        await Eventually.Async("the loss is reported", () => run.Losses.Count == 1);
        run.Losses[0].Reason.Should().Be(HistoryLostReason.Trimmed);
        await run.UntilSeenAsync(1);
        run.Sequences.Should().Equal(2);
    }

    [Test]
    public async Task Head_that_a_page_does_not_show_yet_is_asked_for_again()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url);
        _server.Stream.ClaimedHead = _server.Stream.Head;
        _server.Stream.Append();
        int asked = 0;
        _server.OnQuestion = _ =>
        {
            if (Interlocked.Increment(ref asked) == 2) _server.Stream.ClaimedHead = null;
            return Task.CompletedTask;
        };
        await _server.PushHeadAsync();

        await run.UntilSeenAsync(1);
        asked.Should().BeGreaterThanOrEqualTo(2);
    }

    [Test]
    public async Task Unknown_type_and_unreadable_data_are_handed_over_raw()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url);
        const string odd = """{ "b":1,  "a" : [ 1.0, 1e2 ] }""";
        await _server.PushAsync(_server.Stream.Append(odd, "custom.thing"));
        await _server.PushAsync(_server.Stream.Append("""{"title":7}"""));

        await run.UntilSeenAsync(2);
        run.Seen[0].Should().BeOfType<AgentEvent>();
        run.Seen[0].RawData.ToString().Should().Be(odd);
        run.Seen[1].ReadFault.Should().NotBeNull();
    }

    [Test]
    public async Task Push_that_is_no_envelope_is_fetched_instead()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url);
        var stored = _server.Stream.Append();
        await _server.PushAsync(new { position = stored.Position.ToString(), nonsense = true });

        await run.UntilSeenAsync(1);
    }

    [Test]
    public async Task Push_and_head_of_another_epoch_only_make_the_client_ask()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url);
        await _server.PublishAsync();
        await run.UntilSeenAsync(1);
        int questions = _server.Questions.Count;
        await _server.PushHeadAsync(new StreamPosition("other", 90));

        await Eventually.Async("the client asks", () => _server.Questions.Count > questions);
        await _server.PublishAsync();
        await run.UntilSeenAsync(2);
        run.Losses.Should().BeEmpty();
    }

    [Test]
    public async Task Slow_application_overflows_the_live_buffer_and_misses_nothing()
    {
        using var gate = new SemaphoreSlim(0);
        await using var run = await ClientRun.LiveAsync(
            _server.Url,
            o =>
            {
                o.LiveBufferCapacity = 10;
                o.IdleCheckInterval = TimeSpan.FromMilliseconds(100);
            },
            async _ => await gate.WaitAsync().WithinDeadline());
        for (int i = 0; i < 100; i++) await _server.PublishAsync();
        await _server.WaitForReceiptAsync();

        gate.Release(1000);
        await run.UntilSeenAsync(100);
        run.Sequences.Should().Equal(Enumerable.Range(1, 100).Select(i => (long)i));
        run.Logs.All.Should().Contain(l => l.Text.Contains("More than 10 live events", StringComparison.Ordinal));
    }

    [Test]
    public async Task Data_is_the_same_bytes_on_push_and_on_recovery()
    {
        const string data = """{"briefingId":"\u00e9","title":"a  b","channel":"c","itemCount":1,"more":1.10}""";
        await using var run = await ClientRun.LiveAsync(_server.Url);
        await _server.PublishAsync(data);
        _server.Stream.Append(data);
        await _server.PushHeadAsync();

        await run.UntilSeenAsync(2);
        run.Seen.Should().OnlyContain(e => e.RawData.ToString() == data);
    }

    [Test]
    public async Task WaitForAsync_completes_when_the_handler_has_finished()
    {
        using var gate = new SemaphoreSlim(0);
        await using var run = await ClientRun.LiveAsync(_server.Url, handler: async _ => await gate.WaitAsync().WithinDeadline());
        var published = await _server.PublishAsync();
        var waiting = run.Client.WaitForAsync(published.Position);
        waiting.IsCompleted.Should().BeFalse();

        gate.Release();
        await waiting.WithinDeadline();
        run.Client.Position.Should().Be(published.Position);
    }

    [Test]
    public async Task Lost_last_event_is_found_by_the_idle_check_when_no_head_comes()
    {
        await using var run = await ClientRun.LiveAsync(_server.Url, o => o.IdleCheckInterval = TimeSpan.FromMilliseconds(100));
        _server.Stream.Append();

        await run.UntilSeenAsync(1);
    }

    [Test]
    public async Task Events_pushed_while_a_long_history_is_read_come_after_it_and_do_not_hold_it_up()
    {
        _server.Stream.Append(400);
        _server.OnQuestion = async query =>
        {
            if (query.Contains("after=", StringComparison.Ordinal)) await _server.PublishAsync();
        };
        await using var run = await ClientRun.StartAsync(_server.Url, o =>
        {
            o.StartFrom = StartFrom.Beginning;
            o.PageSize = 20;
            o.LiveBufferCapacity = 5;
        });

        await run.UntilSeenAsync(410);
        var seen = run.Sequences; // more follow
        seen.Should().Equal(Enumerable.Range(1, seen.Count).Select(i => (long)i));
    }
}
