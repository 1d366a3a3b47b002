using System.Net;
using Realtime.Client;
using Realtime.Client.Testing;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Tests.Client;
using Realtime.Tests.Support;

namespace Realtime.Tests.Testing;

/// <summary>Each fault that the server for tests offers, seen by the real client. That it speaks the contract is shown by the tests of it that run against both, see <see cref="ContractServer"/>.</summary>
public sealed class AgentEventsTestServerTests
{
    const string User = "user_42";

    AgentEventsTestServer _server = null!;

    [SetUp]
    public async Task Start() => _server = await AgentEventsTestServer.StartAsync().WithinDeadline();

    [TearDown]
    public async Task Stop() => await _server.DisposeAsync();

    [Test]
    public async Task Published_event_reaches_the_handler_with_its_data()
    {
        await using var run = await LiveAsync();

        var receipt = _server.Publish(User, Briefing(7));
        await run.Client.WaitForAsync(receipt.Position).WithinDeadline();

        run.Seen.Should().ContainSingle().Which.Should().BeOfType<AgentEvent<BriefingDelivered>>().Which.Data.ItemCount.Should().Be(7);
        _server.HeadOf(User).Should().Be(receipt.Position);
    }

    [Test]
    public async Task Dropped_push_is_a_gap_that_the_client_fills_before_it_goes_on()
    {
        await using var run = await LiveAsync();

        _server.DropNextPush();
        await PublishAndWaitAsync(run, 2);

        run.Sequences.Should().Equal(1, 2);
        run.Logs.All.Should().Contain(l => l.Text.Contains("Fetched", StringComparison.Ordinal));
    }

    [Test]
    public async Task Dropped_push_that_nothing_follows_is_found_all_the_same()
    {
        await using var run = await LiveAsync();

        _server.DropNextPush(3);
        await PublishAndWaitAsync(run, 3);

        run.Sequences.Should().Equal(1, 2, 3);
    }

    [Test]
    public async Task Pushes_that_come_twice_or_in_the_wrong_order_are_seen_once_and_in_order()
    {
        await using var run = await LiveAsync();

        _server.RepeatNextPush(2);
        await PublishAndWaitAsync(run, 2);
        _server.SwapNextPushes();
        await PublishAndWaitAsync(run, 3);

        run.Sequences.Should().Equal(1, 2, 3, 4, 5);
    }

    [Test]
    public async Task Cut_connections_come_back_and_nothing_is_missing()
    {
        await using var run = await LiveAsync();

        _server.CutConnections();
        await PublishAndWaitAsync(run, 2);
        await run.UntilLiveAsync(2);

        run.Sequences.Should().Equal(1, 2);
        run.States.Should().Contain(s => s.State == ConnectionState.Reconnecting);
    }

    [Test]
    public async Task Server_that_was_stopped_is_found_again_at_the_same_address()
    {
        await using var run = await LiveAsync();

        await _server.StopAsync().WithinDeadline();
        var missed = _server.Publish(User, Briefing(1));
        await Eventually.Async("an attempt has failed", () => run.Client.Status.FailedAttempts > 0);
        await _server.StartAgainAsync().WithinDeadline();

        await run.Client.WaitForAsync(missed.Position).WithinDeadline();
        run.Sequences.Should().Equal(1);
    }

    [TestCase(HistoryLostReason.EpochChanged)]
    [TestCase(HistoryLostReason.Trimmed)]
    [TestCase(HistoryLostReason.AheadOfHead)]
    [TestCase(HistoryLostReason.Forked)]
    public async Task Lost_history_is_told_to_a_connected_client_which_then_goes_on(HistoryLostReason reason)
    {
        await using var run = await LiveAsync();
        await PublishAndWaitAsync(run, 2);

        _server.LoseHistory(reason);
        await Eventually.Async("the loss is told", () => run.Losses.Count > 0);
        await PublishAndWaitAsync(run, 1);

        run.Losses.Should().ContainSingle().Which.Reason.Should().Be(reason);
        run.Seen.Select(e => e.Id).Should().OnlyHaveUniqueItems();
    }

    [Test]
    public void History_without_an_event_cannot_be_rewritten() =>
        FluentActions.Invoking(() => _server.LoseHistory(HistoryLostReason.Forked)).Should().Throw<InvalidOperationException>();

    [Test]
    public async Task Client_waits_for_a_slow_token_and_connects_when_it_comes()
    {
        var held = _server.HoldTokens();
        await using var run = await StartWithoutWaitingAsync();
        _server.ConnectionCount.Should().Be(0);

        held.Dispose();
        await run.UntilLiveAsync();
        _server.ConnectionCount.Should().Be(1);
    }

    [Test]
    public async Task Expired_tokens_are_replaced()
    {
        await using var run = await LiveAsync();

        _server.ExpireTokens();
        await run.UntilLiveAsync(2);

        await PublishAndWaitAsync(run, 1);
    }

    [Test]
    public async Task Connection_whose_token_is_not_renewed_is_cut()
    {
        await using var strict = await AgentEventsTestServer.StartAsync(new AgentEventsTestServerOptions { TokenGrace = TimeSpan.Zero }).WithinDeadline();
        string first = strict.CreateToken(User, TimeSpan.FromSeconds(1));
        bool isStale = true;
        var options = strict.ClientOptions(User);
        options.AccessTokenProvider = _ => new ValueTask<string>(isStale ? first : strict.CreateToken(User));
        await using var client = new AgentEventsClient(options);
        await client.StartAsync().WithinDeadline();
        await strict.WaitForConnectionAsync(User);

        await Eventually.Async("the connection is cut", () => strict.ConnectionCount == 0);
        isStale = false;
        await strict.WaitForConnectionAsync(User);
    }

    [Test]
    public async Task Slow_answer_delays_what_was_missed_and_loses_nothing()
    {
        await using var run = await LiveAsync();
        var held = _server.HoldAnswers();
        _server.DropNextPush();
        _server.Publish(User, Briefing(1));
        var second = _server.Publish(User, Briefing(2));
        run.Seen.Should().BeEmpty();

        held.Dispose();
        await run.Client.WaitForAsync(second.Position).WithinDeadline();
        run.Sequences.Should().Equal(1, 2);
    }

    [Test]
    public async Task Store_that_is_away_does_not_cost_the_connection_or_an_event()
    {
        await using var run = await LiveAsync();
        using (_server.TakeStoreAway())
        {
            _server.DropNextPush();
            _server.Publish(User, Briefing(1));
            _server.Publish(User, Briefing(2));
            await Eventually.Async("a fetch has failed", () => run.Logs.All.Any(l => l.Text.Contains("Fetching the events", StringComparison.Ordinal)));
        }

        await run.UntilSeenAsync(2);
        run.Sequences.Should().Equal(1, 2);
        run.TimesCaughtUp.Should().BeGreaterThanOrEqualTo(1);
        run.States.Should().NotContain(s => s.State == ConnectionState.Reconnecting);
    }

    [Test]
    public async Task Refused_client_is_let_in_when_the_refusals_end()
    {
        var refused = _server.RefuseRequests(HttpStatusCode.BadGateway);
        await using var run = await StartWithoutWaitingAsync();
        await Eventually.Async("an attempt has failed", () => run.Client.Status.FailedAttempts > 0);

        refused.Dispose();
        await run.UntilLiveAsync();
    }

    [Test]
    public async Task Client_leaves_and_comes_back_when_it_is_asked_to()
    {
        await using var run = await LiveAsync();

        _server.AskToReconnect(TimeSpan.FromMilliseconds(10));
        await run.UntilLiveAsync(2);

        run.States.Should().Contain(s => s.Reason == "the server is going away");
    }

    [Test]
    public async Task What_the_application_publishes_can_be_looked_at_and_the_same_id_is_stored_once()
    {
        using var publisher = new AgentEventsPublisher(_server.PublisherOptions());
        var id = Guid.NewGuid();

        await publisher.PublishAsync(User, Briefing(1), id).WithinDeadline();
        var again = await publisher.PublishAsync(User, Briefing(1), id).WithinDeadline();

        again.Duplicate.Should().BeTrue();
        _server.EventsOf(User).Should().ContainSingle().Which.Id.Should().Be(id);
    }

    [Test]
    public async Task Event_of_an_unknown_type_arrives_raw()
    {
        await using var run = await LiveAsync();

        var odd = _server.PublishRaw(User, "robot.danced", """{ "steps": 7 }""");
        await run.Client.WaitForAsync(odd.Position).WithinDeadline();

        run.Seen.Should().ContainSingle().Which.RawData.ToString().Should().Be("""{ "steps": 7 }""");
    }

    [Test]
    public async Task Data_that_nobody_can_read_is_parked()
    {
        var parked = new TaskCompletionSource<StreamPosition>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var client = new AgentEventsClient(_server.ClientOptions(User));
        client.On<BriefingDelivered>((_, _) => Task.CompletedTask); // and no handler that would take it raw
        client.EventParked += (_, e) => parked.TrySetResult(e.Event.Position);
        await client.StartAsync().WithinDeadline();

        var broken = _server.PublishRaw(User, BriefingDelivered.TypeName, """{"title":7}""");

        (await parked.Task.WithinDeadline()).Should().Be(broken.Position);
    }

    [Test]
    public async Task Server_kept_cursor_and_brake_can_be_looked_at()
    {
        await using (var run = ClientRun.Create(_server.Url, o =>
        {
            Configured(o);
            o.CursorStore = new ServerCursorStore("laptop");
        }))
        {
            await run.Client.StartAsync().WithinDeadline();
            _server.SetBrake(User, engaged: true, "too fast").Engaged.Should().BeTrue();
            await run.UntilSeenAsync(1);
        }

        _server.CursorsOf(User).Should().ContainSingle().Which.Should().BeEquivalentTo(new { Consumer = "laptop", Lag = 0L });
        _server.BrakeOf(User).Reason.Should().Be("too fast");
    }

    [Test]
    public async Task Malformed_events_and_options_are_refused_at_once()
    {
        FluentActions.Invoking(() => _server.Publish("a b", Briefing(1))).Should().Throw<ArgumentException>().WithMessage("*userId*");
        FluentActions.Invoking(() => _server.Publish(User, Briefing(-1))).Should().Throw<ArgumentException>().WithMessage("*data.itemCount*");
        FluentActions.Invoking(() => _server.Publish(User, "text")).Should().Throw<ArgumentException>().WithMessage("*registered*");
        FluentActions.Invoking(() => _server.PublishRaw(User, "x", "{")).Should().Throw<ArgumentException>().WithMessage("*JSON*");
        FluentActions.Invoking(() => _server.ClientOptions("a b")).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => _server.DropNextPush(0)).Should().Throw<ArgumentException>();
        await FluentActions.Awaiting(() => AgentEventsTestServer.StartAsync(new AgentEventsTestServerOptions { TokenLifetime = TimeSpan.Zero }).WithinDeadline())
            .Should().ThrowAsync<ArgumentException>();
    }

    [Test]
    public async Task Nobody_who_connects_is_a_timeout_that_says_so() =>
        await FluentActions.Awaiting(() => _server.WaitForConnectionAsync("nobody", TimeSpan.FromMilliseconds(1)).WithinDeadline()).Should().ThrowAsync<TimeoutException>();

    Task<ClientRun> LiveAsync() => ClientRun.LiveAsync(_server.Url, Configured);

    async Task<ClientRun> StartWithoutWaitingAsync()
    {
        var run = ClientRun.Create(_server.Url, Configured);
        _ = run.Client.StartAsync();
        await Eventually.Async("it tries", () => run.Client.Status.State != ConnectionState.Disconnected);
        return run;
    }

    void Configured(AgentEventsClientOptions options)
    {
        var ours = _server.ClientOptions(User);
        options.UserId = ours.UserId;
        options.AccessTokenProvider = ours.AccessTokenProvider;
        options.RetryPolicy = ours.RetryPolicy;
    }

    async Task PublishAndWaitAsync(ClientRun run, int count)
    {
        StreamPosition last = default;
        for (int i = 0; i < count; i++) last = _server.Publish(User, Briefing(i)).Position;
        await run.Client.WaitForAsync(last).WithinDeadline();
    }

    static BriefingDelivered Briefing(int count) => new() { BriefingId = "b", Title = "T", Channel = "email", ItemCount = count };
}
