using System.Net;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Contracts.Rest;
using Realtime.Server.EventStore;
using Realtime.Tests.Client;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Cursors that the server keeps, for clients without a disk, against the real server.</summary>
[Category("Integration")]
public sealed class ServerCursorTests
{
    static int _users;

    RealtimeHost _host = null!;
    AgentEventsPublisher _publisher = null!;
    string _user = null!;

    [OneTimeSetUp]
    public async Task StartServer()
    {
        _host = await RealtimeHost.StartAsync();
        _publisher = new AgentEventsPublisher(new AgentEventsPublisherOptions
        {
            ServerUrl = _host.Address,
            AccessTokenProvider = _ => new ValueTask<string>(_host.Tokens.Create("worker", Scopes.Publish)),
        });
    }

    [OneTimeTearDown]
    public async Task StopServer()
    {
        _publisher.Dispose();
        await _host.DisposeAsync();
    }

    [SetUp]
    public void TakeNewUser() => _user = $"diskless_{Interlocked.Increment(ref _users)}";

    [Test]
    public async Task Device_without_a_disk_starts_again_and_goes_on_where_it_was()
    {
        await using (var first = await ClientRun.LiveAsync(_host.Address, Device("browser")))
        {
            await PublishAsync(3);
            await first.UntilSeenAsync(3);
        }

        var missed = await PublishAsync(2);
        (await CursorAsync("browser")).Lag.Should().Be(2);
        await using var second = await ClientRun.StartAsync(_host.Address, Device("browser"));
        await second.UntilSeenAsync(2);

        second.Sequences.Should().Equal(4, 5);
        second.Losses.Should().BeEmpty();
        await Eventually.Async("the cursor follows", async () => (await CursorAsync("browser")).Position == missed[^1].Position);
    }

    [Test]
    public async Task Devices_of_one_user_each_keep_their_own_and_their_lag_is_visible()
    {
        await using (await ClientRun.LiveAsync(_host.Address, Device("phone")))
        {
            await PublishAsync(2);
            await using var browser = await ClientRun.LiveAsync(_host.Address, Device("browser"));
            await Eventually.Async("the phone has processed both", async () => (await CursorAsync("phone")).Position.Sequence == 2);
        }

        await using (var browser = await ClientRun.LiveAsync(_host.Address, Device("browser")))
        {
            await PublishAsync(3);
            await browser.UntilSeenAsync(3);
        }

        var cursors = await CursorsAsync();
        cursors.Select(c => (c.Consumer, c.Position.Sequence, c.Lag)).Should().Equal(("browser", 5, 0), ("phone", 2, 3));
        await using var phone = await ClientRun.StartAsync(_host.Address, Device("phone"));
        await phone.UntilSeenAsync(3);
        phone.Sequences.Should().Equal(3, 4, 5);
    }

    [Test]
    public async Task Cursor_knows_the_event_it_stands_at_although_the_server_keeps_a_position_only()
    {
        var published = await PublishAsync(2);
        await MoveAsync("browser", published[0].Position);
        var stream = new QueryTap();
        await using var run = await ClientRun.LiveAsync(_host.Address, o =>
        {
            Device("browser")(o);
            o.HttpMessageHandler = stream;
        });

        await run.UntilSeenAsync(1);
        // The question after the cursor carries the event's time, so a rewritten history would be noticed.
        stream.Queries.Should().Contain(q => q.Contains($"after={published[0].Position}", StringComparison.Ordinal)
            && q.Contains("time=" + Uri.EscapeDataString(EventTime.Format(published[0].Time)), StringComparison.Ordinal));
    }

    [Test]
    public async Task Deleted_cursor_counts_as_none()
    {
        var published = await PublishAsync(4);
        await MoveAsync("browser", published[1].Position);
        using var http = _host.ClientFor(_user);
        (await http.DeleteAsync($"{Routes.Cursors}/browser")).StatusCode.Should().Be(HttpStatusCode.NoContent);

        await using var run = await ClientRun.LiveAsync(_host.Address, Device("browser"));

        run.Client.Position.Should().Be(published[^1].Position, "without a cursor a client starts at the head");
        run.Seen.Should().BeEmpty();
        (await CursorAsync("browser")).Position.Should().Be(published[^1].Position, "the start is saved before anything is handed over");
    }

    [Test]
    public async Task Start_at_the_beginning_moves_the_cursor_back()
    {
        var published = await PublishAsync(3);
        await MoveAsync("browser", published[^1].Position);
        using var gate = new SemaphoreSlim(0);
        await using var run = await ClientRun.StartAsync(
            _host.Address,
            o =>
            {
                Device("browser")(o);
                o.StartFrom = StartFrom.Beginning;
            },
            handler: async _ => await gate.WaitAsync().WithinDeadline());

        (await CursorAsync("browser")).Position.Sequence.Should().Be(0);
        gate.Release(3);
        await run.UntilSeenAsync(3);
        await Eventually.Async("the cursor follows", async () => (await CursorAsync("browser")).Lag == 0);
    }

    [Test]
    public async Task Cursor_of_another_epoch_is_reported_once_and_nothing_that_exists_is_skipped()
    {
        await using var host = await RealtimeHost.StartAsync();
        using var publisher = new AgentEventsPublisher(new AgentEventsPublisherOptions
        {
            ServerUrl = host.Address,
            AccessTokenProvider = _ => new ValueTask<string>(host.Tokens.Create("worker", Scopes.Publish)),
        });
        Action<AgentEventsClientOptions> device = o =>
        {
            Device("browser")(o);
            o.AccessTokenProvider = _ => new ValueTask<string>(host.Tokens.Create(_user));
        };
        await using (var before = await ClientRun.LiveAsync(host.Address, device))
        {
            for (int i = 0; i < 3; i++) await publisher.PublishAsync(_user, Briefing(i)).WithinDeadline();
            await before.UntilSeenAsync(3);
        }

        await RenewEpochAsync(host);
        await using var run = await ClientRun.LiveAsync(host.Address, device);
        var next = await publisher.PublishAsync(_user, Briefing(3)).WithinDeadline();
        await run.Client.WaitForAsync(next.Position).WithinDeadline();

        run.Losses.Should().ContainSingle().Which.Reason.Should().Be(HistoryLostReason.EpochChanged);
        run.Sequences.Should().Equal(1, 2, 3, 4);
        using var http = host.ClientFor(_user);
        await Eventually.Async("the cursor is of the new epoch", async () =>
            (await (await http.GetAsync(Routes.Cursors)).JsonAsync()).EnumerateArray().Single().GetProperty("position").GetString() == next.Position.ToString());
        await run.DisposeAsync();
        await using var again = await ClientRun.LiveAsync(host.Address, device);
        again.Losses.Should().BeEmpty("the loss was reported, and the cursor is of the new history");
        again.Seen.Should().BeEmpty();
    }

    [Test]
    public async Task Epoch_that_changes_while_the_device_is_online_costs_the_cursor_nothing()
    {
        await using var host = await RealtimeHost.StartAsync();
        using var publisher = new AgentEventsPublisher(new AgentEventsPublisherOptions
        {
            ServerUrl = host.Address,
            AccessTokenProvider = _ => new ValueTask<string>(host.Tokens.Create("worker", Scopes.Publish)),
        });
        await using var run = await ClientRun.LiveAsync(host.Address, o =>
        {
            Device("browser")(o);
            o.AccessTokenProvider = _ => new ValueTask<string>(host.Tokens.Create(_user));
        });
        for (int i = 0; i < 3; i++) await publisher.PublishAsync(_user, Briefing(i)).WithinDeadline();
        await run.UntilSeenAsync(3); // the cursor of the third may wait to be written, into a history that is gone by then
        await RenewEpochAsync(host);
        var next = await publisher.PublishAsync(_user, Briefing(3)).WithinDeadline();
        await run.Client.WaitForAsync(next.Position).WithinDeadline();

        run.Losses.Should().ContainSingle();
        run.Sequences.Should().Equal(1, 2, 3, 4);
        using var http = host.ClientFor(_user);
        await Eventually.Async("the cursor is of the new epoch", async () =>
            (await (await http.GetAsync(Routes.Cursors)).JsonAsync()).EnumerateArray().Single().GetProperty("position").GetString() == next.Position.ToString());
    }

    [Test]
    public async Task Start_after_a_position_of_another_history_is_reported_not_waited_for()
    {
        await PublishAsync(2);
        await using var run = await ClientRun.LiveAsync(_host.Address, o =>
        {
            Device("browser")(o);
            o.StartFrom = StartFrom.After(new StreamPosition("gone", 7));
        });

        run.Losses.Should().ContainSingle().Which.Reason.Should().Be(HistoryLostReason.EpochChanged);
        run.Sequences.Should().Equal(1, 2);
        run.Logs.All.Should().Contain(l => l.Text.Contains("does not keep the cursor", StringComparison.Ordinal));
    }

    [Test]
    public async Task Start_that_the_server_does_not_take_is_reported_and_tried_again_and_nothing_is_handed_over_before()
    {
        var published = await PublishAsync(1);
        for (int i = 0; i < IConsumerCursorStore.MaxPerUser; i++) await MoveAsync($"c{i}", published[0].Position);
        await using var run = ClientRun.Create(_host.Address, o =>
        {
            Device("one-too-many")(o);
            o.StartFrom = StartFrom.Beginning;
        });
        var starting = run.Client.StartAsync();
        await Eventually.Async("it is reported with the server's words", () => run.Logs.All.Any(l =>
            l.Text.Contains("nothing is handed over before it is", StringComparison.Ordinal) && l.Text.Contains("answered 400", StringComparison.Ordinal)));
        run.Seen.Should().BeEmpty();
        using var http = _host.ClientFor(_user);
        await http.DeleteAsync($"{Routes.Cursors}/c7");

        await starting.WithinDeadline();
        await run.UntilSeenAsync(1);
    }

    [Test]
    public async Task Server_that_fails_is_asked_again_and_a_cursor_that_cannot_be_written_holds_up_no_event()
    {
        var faults = new CursorFaults { IsFailing = true };
        var published = await PublishAsync(2);
        await MoveAsync("browser", published[0].Position);
        await using var run = ClientRun.Create(_host.Address, o =>
        {
            Device("browser")(o);
            o.HttpMessageHandler = faults;
        });
        var starting = run.Client.StartAsync();
        await Eventually.Async("reading the cursor is tried again", () => faults.Refused >= 2);
        starting.IsCompleted.Should().BeFalse("no answer is not the same as no cursor");
        faults.IsFailing = false;
        await starting.WithinDeadline();
        await run.UntilSeenAsync(1);
        await Eventually.Async("the cursor is written", async () => (await CursorAsync("browser")).Lag == 0);

        faults.IsFailing = true;
        await PublishAsync(5);
        await run.UntilSeenAsync(6);
        await Eventually.Async("the failure is reported", () => run.Logs.All.Any(l => l.Text.Contains("could not be saved", StringComparison.Ordinal)));
        (await CursorAsync("browser")).Lag.Should().Be(5);
        faults.IsFailing = false;
        await Eventually.Async("it is written after all, with no further event", async () => (await CursorAsync("browser")).Lag == 0);
        run.Sequences.Should().Equal(2, 3, 4, 5, 6, 7);
    }

    [Test]
    public async Task Two_clients_under_one_name_never_move_the_cursor_back()
    {
        await using var fast = await ClientRun.LiveAsync(_host.Address, Device("browser"));
        using var gate = new SemaphoreSlim(0);
        await using var slow = await ClientRun.LiveAsync(_host.Address, Device("browser"), handler: e => e.Position.Sequence == 2 ? gate.WaitAsync().WithinDeadline() : Task.CompletedTask);
        await PublishAsync(5);
        await fast.UntilSeenAsync(5);
        await Eventually.Async("the fast one's cursor is written", async () => (await CursorAsync("browser")).Position.Sequence == 5);
        await slow.UntilSeenAsync(1);
        await slow.DisposeAsync(); // writes its own last cursor, 1

        (await CursorAsync("browser")).Position.Sequence.Should().Be(5);
        gate.Release();
    }

    [Test]
    public async Task Cursor_grants_nothing_another_users_token_neither_reads_nor_goes_on_with_it()
    {
        var published = await PublishAsync(3);
        await MoveAsync("browser", published[0].Position);
        using var stranger = _host.ClientFor("stranger");
        (await stranger.GetAsync($"{Routes.Cursors}?user_id={_user}")).StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await (await stranger.GetAsync(Routes.Cursors)).JsonAsync()).GetArrayLength().Should().Be(0);

        await using var run = ClientRun.Create(_host.Address, o =>
        {
            Device("browser")(o);
            o.AccessTokenProvider = _ => new ValueTask<string>(_host.Tokens.Create("stranger"));
        });
        await FluentActions.Awaiting(() => run.Client.StartAsync().WithinDeadline()).Should().ThrowAsync<AccessDeniedException>();
        run.Seen.Should().BeEmpty();
        (await CursorAsync("browser")).Position.Should().Be(published[0].Position);
    }

    [TestCase("")]
    [TestCase("a b")]
    [TestCase("..")]
    public void Malformed_name_is_refused_at_once(string name) =>
        FluentActions.Invoking(() => new ServerCursorStore(name)).Should().Throw<ArgumentException>();

    [Test]
    public async Task Store_used_without_a_client_says_so()
    {
        ICursorStore store = new ServerCursorStore("browser");

        await FluentActions.Awaiting(() => store.LoadAsync(CancellationToken.None).AsTask()).Should().ThrowAsync<InvalidOperationException>().WithMessage("*CursorStore*");
    }

    Action<AgentEventsClientOptions> Device(string name) => options =>
    {
        options.UserId = _user;
        options.AccessTokenProvider = _ => new ValueTask<string>(_host.Tokens.Create(_user));
        options.CursorStore = new ServerCursorStore(name);
    };

    async Task<IReadOnlyList<PublishReceipt>> PublishAsync(int count)
    {
        var receipts = new List<PublishReceipt>();
        for (int i = 0; i < count; i++) receipts.Add(await _publisher.PublishAsync(_user, Briefing(i)).WithinDeadline());
        return receipts;
    }

    async Task<ConsumerCursor> CursorAsync(string name) => (await CursorsAsync()).Single(c => c.Consumer == name);

    async Task<IReadOnlyList<ConsumerCursor>> CursorsAsync()
    {
        using var http = _host.ClientFor(_user);
        return JsonSerializer.Deserialize(await http.GetStringAsync(Routes.Cursors), Realtime.Contracts.Serialization.RealtimeJsonContext.Default.IReadOnlyListConsumerCursor)!;
    }

    async Task MoveAsync(string name, StreamPosition position)
    {
        using var http = _host.ClientFor(_user);
        (await http.PutAsync($"{Routes.Cursors}/{name}", Samples.Json($$"""{"position":"{{position}}"}"""))).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    /// <summary>As after a database was restored: the same events, in another history.</summary>
    static Task RenewEpochAsync(RealtimeHost host) => host.Services.GetRequiredService<SqliteDatabase>().WriteAsync(
        "renew the epoch", (connection, transaction) => connection.Execute("update history set epoch = 'restored'", transaction: transaction), CancellationToken.None).WithinDeadline();

    static BriefingDelivered Briefing(int count) => new() { BriefingId = "b", Title = "T", Channel = "email", ItemCount = count };

    sealed class QueryTap() : DelegatingHandler(new HttpClientHandler())
    {
        readonly System.Collections.Concurrent.ConcurrentQueue<string> _queries = new();

        internal IReadOnlyList<string> Queries => [.. _queries];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            _queries.Enqueue(request.RequestUri!.Query);
            return base.SendAsync(request, cancellationToken);
        }
    }

    /// <summary>A network through which everything passes but cursors.</summary>
    sealed class CursorFaults() : DelegatingHandler(new HttpClientHandler())
    {
        int _refused;

        internal volatile bool IsFailing;

        internal int Refused => Volatile.Read(ref _refused);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (!IsFailing || !request.RequestUri!.AbsolutePath.StartsWith(Routes.Cursors, StringComparison.Ordinal)) return base.SendAsync(request, cancellationToken);
            int number = Interlocked.Increment(ref _refused);
            return number % 2 == 0 ? throw new HttpRequestException("connection refused") : Task.FromResult(new HttpResponseMessage(HttpStatusCode.ServiceUnavailable));
        }
    }
}
