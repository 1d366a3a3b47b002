using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Contracts.Rest;
using Realtime.Tests.Client;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>The client package against the real server, with its embedded store.</summary>
[Category("Integration")]
[TestFixture(typeof(RealServer))]
[TestFixture(typeof(ServerForTests))]
public sealed class ClientAgainstServerTests<TServer>
    where TServer : ContractServer, new()
{
    TServer _host = null!;
    AgentEventsPublisher _publisher = null!;

    [OneTimeSetUp]
    public async Task StartServer()
    {
        _host = new TServer();
        await _host.StartAsync();
        _publisher = new AgentEventsPublisher(new AgentEventsPublisherOptions
        {
            ServerUrl = _host.Address,
            AccessTokenProvider = _ => new ValueTask<string>(_host.CreateToken("worker", Scopes.Publish)),
        });
    }

    [OneTimeTearDown]
    public async Task StopServer()
    {
        _publisher.Dispose();
        await _host.DisposeAsync();
    }

    [Test]
    public async Task Published_events_arrive_live_typed_and_in_order()
    {
        await using var run = await ClientRun.LiveAsync(_host.Address, For("live"));
        PublishReceipt last = null!;
        for (int i = 0; i < 50; i++) last = await _publisher.PublishAsync("live", Briefing(i)).WithinDeadline();

        await run.Client.WaitForAsync(last.Position).WithinDeadline();
        run.Seen.Cast<AgentEvent<BriefingDelivered>>().Select(e => e.Data.ItemCount).Should().Equal(Enumerable.Range(0, 50));
    }

    [Test]
    public async Task Batch_is_caught_up_from_the_beginning()
    {
        var batch = Enumerable.Range(0, 900).Select(i => new PublishRequest { UserId = "batch", Type = BriefingDelivered.TypeName, Data = DataOf(i) }).ToList();
        var receipts = await _publisher.PublishAsync(batch).WithinDeadline(TimeSpan.FromSeconds(30));
        await using var run = await ClientRun.StartAsync(_host.Address, o =>
        {
            For("batch")(o);
            o.StartFrom = StartFrom.Beginning;
            o.PageSize = 100;
        });

        await run.Client.WaitForAsync(receipts[^1].Position).WithinDeadline(TimeSpan.FromSeconds(30));
        run.Sequences.Should().Equal(Enumerable.Range(1, 900).Select(i => (long)i));
    }

    [Test]
    public async Task Same_id_is_published_once()
    {
        var id = Guid.NewGuid();
        var first = await _publisher.PublishAsync("twice", Briefing(1), id).WithinDeadline();
        var second = await _publisher.PublishAsync("twice", Briefing(1), id).WithinDeadline();

        second.Position.Should().Be(first.Position);
        second.Duplicate.Should().BeTrue();
    }

    [Test]
    public async Task Invalid_data_is_rejected_with_its_field()
    {
        var refused = await FluentActions.Awaiting(() => _publisher.PublishAsync("reject", Briefing(-1)).WithinDeadline()).Should().ThrowAsync<PublishRejectedException>();
        refused.Which.Errors.Keys.Should().Contain(k => k.Contains("itemCount", StringComparison.Ordinal));
    }

    [Test]
    public async Task Token_of_another_user_stops_the_client()
    {
        await using var run = ClientRun.Create(_host.Address, o =>
        {
            For("mallory")(o);
            o.UserId = "alice";
        });
        await FluentActions.Awaiting(() => run.Client.StartAsync().WithinDeadline()).Should().ThrowAsync<AccessDeniedException>();
    }

    [Test]
    public async Task Expired_token_is_replaced_and_the_client_connects()
    {
        int asked = 0;
        string expired = _host.CreateToken("late", TimeSpan.FromMinutes(-1));
        await using var run = await ClientRun.LiveAsync(_host.Address, o =>
        {
            For("late")(o);
            o.AccessTokenProvider = _ => new ValueTask<string>(Interlocked.Increment(ref asked) <= 2 ? expired : _host.CreateToken("late"));
        });

        run.Client.Status.State.Should().Be(ConnectionState.Live);
    }

    [Test]
    public async Task Connection_outlives_its_first_token()
    {
        await using var run = await ClientRun.LiveAsync(_host.Address, o =>
        {
            For("renewed")(o);
            o.AccessTokenProvider = _ => new ValueTask<string>(_host.CreateToken("renewed", TimeSpan.FromSeconds(6)));
            o.Jitter = () => 0;
        });
        await Eventually.Async("the token would have expired", () => run.Client.Status.Since < DateTimeOffset.UtcNow - TimeSpan.FromSeconds(7));

        run.TimesCaughtUp.Should().Be(1);
        var receipt = await _publisher.PublishAsync("renewed", Briefing(1)).WithinDeadline();
        await run.Client.WaitForAsync(receipt.Position).WithinDeadline();
    }

    [Test]
    public async Task Start_at_the_head_knows_the_event_that_stands_there()
    {
        var before = await _publisher.PublishAsync("head", Briefing(1)).WithinDeadline();
        var store = new InMemoryCursorStore();
        await using var run = await ClientRun.LiveAsync(_host.Address, o =>
        {
            For("head")(o);
            o.CursorStore = store;
        });

        var cursor = await store.LoadAsync(CancellationToken.None);
        cursor!.Position.Should().Be(before.Position);
        cursor.Id.Should().Be(before.Id);
        cursor.Time.Should().Be(before.Time);
    }

    [Test]
    public async Task Cursor_that_does_not_belong_to_this_history_is_reported_and_nothing_is_skipped()
    {
        var first = await _publisher.PublishAsync("restored", Briefing(1)).WithinDeadline();
        var second = await _publisher.PublishAsync("restored", Briefing(2)).WithinDeadline();
        var store = new InMemoryCursorStore();
        await store.SaveAsync(
            new StreamCursor
            {
                ServerUrl = _host.Address.GetLeftPart(UriPartial.Path).TrimEnd('/'),
                UserId = "restored",
                Position = first.Position.At(7),
                Id = Guid.NewGuid(),
                Time = first.Time,
            },
            CancellationToken.None);
        await using var run = await ClientRun.LiveAsync(_host.Address, o =>
        {
            For("restored")(o);
            o.CursorStore = store;
        });

        run.Losses.Should().ContainSingle().Which.Reason.Should().Be(HistoryLostReason.AheadOfHead);
        run.Seen.Select(e => e.Position).Should().Equal(second.Position);
    }

    Action<AgentEventsClientOptions> For(string user) => options =>
    {
        options.UserId = user;
        options.AccessTokenProvider = _ => new ValueTask<string>(_host.CreateToken(user));
    };

    static BriefingDelivered Briefing(int count) => new() { BriefingId = "b", Title = "T", Channel = "email", ItemCount = count };

    static EventData DataOf(int count) => EventData.From(Briefing(count), Realtime.Contracts.Serialization.RealtimeJsonContext.Default.BriefingDelivered);
}
