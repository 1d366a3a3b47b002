using System.Data;
using System.Data.Common;
using System.Transactions;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Contracts.Rest;
using Realtime.Server.EventStore;
using Realtime.Server.Publishing;
using Realtime.Tests.Specifications;
using Realtime.Tests.Support;
using IsolationLevel = System.Data.IsolationLevel;

namespace Realtime.Tests.Integration;

/// <summary><c>AppendAsync</c>: the publisher in a transaction that somebody else commits.</summary>
[Category("Integration")]
public sealed class AppendInTransactionTests
{
    string _database = null!;
    RealtimeHost _host = null!;

    IAgentEventPublisher Publisher => _host.Services.GetRequiredService<IAgentEventPublisher>();

    IEventStore Store => _host.Services.GetRequiredService<IEventStore>();

    [OneTimeSetUp]
    public async Task Start()
    {
        _database = await Shared.CreateDatabaseAsync();
        _host = await RealtimeHost.StartAsync(new Dictionary<string, string?> { ["ConnectionStrings:Postgres"] = _database });
        await using var connection = await SqlDoor.ConnectAsync(_database);
        await connection.RunAsync("create table orders (user_id text not null, total int not null)");
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (_host is not null) await _host.DisposeAsync();
    }

    [Test]
    public async Task What_the_caller_commits_is_stored_with_its_order_and_delivered_and_the_receipt_is_true()
    {
        await using var tap = await HubTap.ConnectAsync(_host.Address, "commits", _host.Tokens.Create("commits"));
        await using var connection = await SqlDoor.ConnectAsync(_database);
        await using var transaction = await connection.BeginTransactionAsync();
        var id = Guid.NewGuid();

        await connection.RunAsync("insert into orders values ('commits', 1)");
        var first = await Publisher.AppendAsync(transaction, "commits", Briefing(1), id).WithinDeadline();
        var second = await Publisher.AppendAsync(transaction, "commits", Briefing(2)).WithinDeadline();
        (await Store.HeadAsync("commits")).Sequence.Should().Be(0, "nobody sees it before the commit");
        await transaction.CommitAsync().WithinDeadline();

        var stored = (await Store.SinceAsync("commits")).Events;
        stored.Select(e => (e.Id, e.Position, e.Time)).Should().Equal((id, first.Position, first.Time), (second.Id, second.Position, second.Time));
        (first.Time.Offset, second.Id.Version).Should().Be((TimeSpan.Zero, 7));
        (await connection.RunAsync("select count(*) from orders where user_id = 'commits'")).Should().Be(1L);
        await tap.WaitForEventsAsync(2);
        tap.Events.Select(e => e.GetProperty("data").GetProperty("itemCount").GetInt32()).Distinct().Should().Equal(1, 2);
    }

    [Test]
    public async Task What_the_caller_rolls_back_also_to_a_savepoint_was_never_there()
    {
        await using var connection = await SqlDoor.ConnectAsync(_database);
        await using (var undone = await connection.BeginTransactionAsync())
        {
            await connection.RunAsync("insert into orders values ('rolls_back', 1)");
            await Publisher.AppendAsync(undone, "rolls_back", Briefing(1)).WithinDeadline();
            await undone.RollbackAsync().WithinDeadline();
        }

        await using (var half = await connection.BeginTransactionAsync())
        {
            await Publisher.AppendAsync(half, "rolls_back", Briefing(2)).WithinDeadline();
            await half.SaveAsync("s");
            await Publisher.AppendAsync(half, "rolls_back", Briefing(3)).WithinDeadline();
            await half.RollbackAsync("s");
            await Publisher.AppendAsync(half, "rolls_back", Briefing(4)).WithinDeadline();
            await half.CommitAsync().WithinDeadline();
        }

        var all = await Store.ReadAllAsync("rolls_back");
        all.ShouldBeGapless(2);
        all.Select(e => e.Data.ToJsonElement().GetProperty("itemCount").GetInt32()).Should().Equal(2, 4);
        (await connection.RunAsync("select count(*) from orders where user_id = 'rolls_back'")).Should().Be(0L);
    }

    [Test]
    public async Task The_same_id_again_is_the_same_event()
    {
        var published = await Publisher.PublishAsync("same_id", Briefing(1)).WithinDeadline();
        await using var connection = await SqlDoor.ConnectAsync(_database);
        await using var transaction = await connection.BeginTransactionAsync();

        var again = await Publisher.AppendAsync(transaction, "same_id", Briefing(1), published.Id).WithinDeadline();
        await transaction.CommitAsync().WithinDeadline();

        again.Should().Be(new AppendReceipt(published.Id, published.Position, published.Time));
        (await Store.HeadAsync("same_id")).Should().Be(published.Position);
    }

    [Test]
    public async Task An_event_that_breaks_a_rule_is_refused_before_it_is_sent_and_the_transaction_goes_on()
    {
        await using var connection = await SqlDoor.ConnectAsync(_database);
        await using var transaction = await connection.BeginTransactionAsync();
        var invalid = () => Publisher.AppendAsync(transaction, Request("refused", """{"title":"no id"}"""));
        var unknown = () => Publisher.AppendAsync(transaction, "refused", new OrderShipped { Number = 1 });

        (await invalid.Should().ThrowAsync<InvalidEventException>()).Which.Field.Should().Be("data.briefingId");
        (await unknown.Should().ThrowAsync<InvalidEventException>()).Which.Field.Should().Be("type");
        await Publisher.AppendAsync(transaction, "refused", Briefing(1)).WithinDeadline();
        await transaction.CommitAsync().WithinDeadline();

        (await Store.ReadAllAsync("refused")).ShouldBeGapless(1);
    }

    [Test]
    public async Task A_transaction_that_cannot_hold_the_event_is_refused_with_the_reason()
    {
        await using var sqlite = new SqliteConnection("Data Source=:memory:");
        await sqlite.OpenAsync();
        await using var ofSqlite = await sqlite.BeginTransactionAsync();
        await using var connection = await SqlDoor.ConnectAsync(_database);
        await using var ended = await connection.BeginTransactionAsync();
        await ended.CommitAsync();
        await using var another = await SqlDoor.ConnectAsync(_database); // on the same one Npgsql would hand out the same object
        await using var open = await another.BeginTransactionAsync();
        await using var disposed = await SqlDoor.ConnectAsync(_database);
        var gone = await disposed.BeginTransactionAsync();
        await gone.DisposeAsync();
        await using var embedded = await RealtimeHost.StartAsync();

        await RefusedAsync(Publisher, ofSqlite, "SqliteTransaction");
        await RefusedAsync(Publisher, ended, "committed or rolled back already");
        await RefusedAsync(Publisher, gone, "committed or rolled back already");
        await RefusedAsync(embedded.Services.GetRequiredService<IAgentEventPublisher>(), ofSqlite, "embedded store");
        await RefusedAsync(embedded.Services.GetRequiredService<IAgentEventPublisher>(), open, "embedded store");

        static async Task RefusedAsync(IAgentEventPublisher publisher, DbTransaction transaction, string why)
        {
            var append = () => publisher.AppendAsync(transaction, "unsuitable", Briefing(1));
            (await append.Should().ThrowAsync<UnsuitableTransactionException>()).Which.Message.Should().Contain(why);
        }
    }

    [Test]
    public async Task A_deadlock_goes_to_one_caller_as_it_is_and_leaves_no_hole()
    {
        await using var first = await SqlDoor.ConnectAsync(_database);
        await using var second = await SqlDoor.ConnectAsync(_database);
        await using var one = await first.BeginTransactionAsync();
        await using var two = await second.BeginTransactionAsync();
        await Publisher.AppendAsync(one, "dead_a", Briefing(1)).WithinDeadline();
        await Publisher.AppendAsync(two, "dead_b", Briefing(1)).WithinDeadline();

        var crossing = (Task<string?>[])[StateOfAsync(one, "dead_b"), StateOfAsync(two, "dead_a")];
        var states = await Task.WhenAll(crossing).WithinDeadline(TimeSpan.FromSeconds(30));

        states.Should().BeEquivalentTo([null, PostgresErrorCodes.DeadlockDetected]);
        await Publisher.PublishAsync("dead_a", Briefing(2)).WithinDeadline();
        await Publisher.PublishAsync("dead_b", Briefing(2)).WithinDeadline();
        var a = await Store.ReadAllAsync("dead_a");
        var b = await Store.ReadAllAsync("dead_b");
        a.ShouldBeGapless(2);
        b.ShouldBeGapless(2);

        // Ends its transaction at once, so that the other one gets on.
        async Task<string?> StateOfAsync(NpgsqlTransaction transaction, string user)
        {
            try
            {
                await Publisher.AppendAsync(transaction, user, Briefing(1));
                await transaction.CommitAsync();
                return null;
            }
            catch (PostgresException fault)
            {
                await transaction.RollbackAsync();
                return fault.SqlState;
            }
        }
    }

    [TestCase(IsolationLevel.RepeatableRead)]
    [TestCase(IsolationLevel.Serializable)]
    public async Task A_serialization_failure_goes_to_the_caller_and_its_second_run_succeeds(IsolationLevel level)
    {
        string user = $"serial_{level}";
        await using var connection = await SqlDoor.ConnectAsync(_database);
        await using (var late = await connection.BeginTransactionAsync(level))
        {
            await connection.RunAsync("select count(*) from orders"); // its snapshot
            await Publisher.PublishAsync(user, Briefing(1)).WithinDeadline();
            var append = () => Publisher.AppendAsync(late, user, Briefing(2));
            (await append.Should().ThrowAsync<PostgresException>()).Which.SqlState.Should().Be(PostgresErrorCodes.SerializationFailure);
            await late.RollbackAsync().WithinDeadline();
        }

        await using var again = await connection.BeginTransactionAsync(level);
        await Publisher.AppendAsync(again, user, Briefing(2)).WithinDeadline();
        await again.CommitAsync().WithinDeadline();

        (await Store.ReadAllAsync(user)).ShouldBeGapless(2);
    }

    [Test]
    public async Task The_callers_lock_timeout_limits_its_wait_for_a_held_stream()
    {
        await using var holder = await SqlDoor.ConnectAsync(_database);
        await using var holding = await holder.BeginTransactionAsync();
        await Publisher.AppendAsync(holding, "held", Briefing(1)).WithinDeadline();
        await using var connection = await SqlDoor.ConnectAsync(_database);
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.RunAsync("set local lock_timeout = '50ms'");
        var append = () => Publisher.AppendAsync(transaction, "held", Briefing(2)).WithinDeadline();

        (await append.Should().ThrowAsync<PostgresException>()).Which.SqlState.Should().Be(PostgresErrorCodes.LockNotAvailable);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task In_a_transaction_scope_the_function_is_called_on_the_enlisted_connection(bool complete)
    {
        string user = $"scope_{complete}";
        using (var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            await using var connection = await SqlDoor.ConnectAsync(_database);
            await connection.RunAsync("insert into orders values ($1, 1)", user);
            await connection.RunAsync("select set_config('realtime.notify', 'on', true)");
            await connection.RunAsync("select position from append_agent_event($1, 'test.happened', '{}')", user);
            if (complete) scope.Complete();
        }

        await using var reader = await SqlDoor.ConnectAsync(_database);
        (await reader.RunAsync("select count(*) from orders where user_id = $1", user)).Should().Be(complete ? 1L : 0L);
        (await Store.HeadAsync(user)).Sequence.Should().Be(complete ? 1 : 0);
    }

    static BriefingDelivered Briefing(int count) => new() { BriefingId = "b", Title = "T", Channel = "email", ItemCount = count };

    static PublishRequest Request(string user, string data) => new() { UserId = user, Type = BriefingDelivered.TypeName, Data = EventData.Parse(data) };
}
