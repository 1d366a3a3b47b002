using System.Collections.Concurrent;
using Npgsql;
using Realtime.Contracts;
using Realtime.Server.EventStore;
using Realtime.Tests.Specifications;
using Realtime.Tests.Support;
using static Realtime.Tests.Specifications.EventStoreTestEvents;

namespace Realtime.Tests.Integration;

/// <summary><c>append_agent_event</c>: the door for applications that append in their own transaction.</summary>
[Category("Integration")]
internal sealed class EventStoreSqlFunctionTests
{
    private const string Append = "select position from append_agent_event($1, $2, $3::json, $4)";

    private EventStorePostgresUnderTest _stores = null!;

    private IEventStore Store => _stores.Events;

    [OneTimeSetUp]
    public async Task Open()
    {
        _stores = (EventStorePostgresUnderTest)await EventStorePostgresUnderTest.CreateAsync();
        await Store.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
    }

    [OneTimeTearDown]
    public async Task Close()
    {
        if (_stores is not null) await _stores.DisposeAsync();
    }

    [Test]
    public async Task Position_and_time_are_those_of_the_stored_event()
    {
        string user = NewUser();
        await using var connection = await _stores.ConnectAsync();
        await using var command = new NpgsqlCommand("select * from append_agent_event(user_id => $1, type => 'test.sql', data => '{ \"a\" : 1 }')", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = user });
        await using var reader = await command.ExecuteReaderAsync().WithinDeadline();
        await reader.ReadAsync().WithinDeadline();

        var stored = (await Store.SinceAsync(user)).Events.Should().ContainSingle().Subject;

        (reader.GetName(0), reader.GetName(1)).Should().Be(("position", "time"));
        (reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1)).Should().Be((stored.Position.ToString(), stored.Time));
        (stored.Type, stored.Data.ToString()).Should().Be(("test.sql", "{ \"a\" : 1 }"));
        stored.Id.Version.Should().Be(7);
    }

    [Test]
    public async Task The_same_id_gives_the_original_position_from_either_door()
    {
        string user = NewUser();
        var item = Event(user);
        var first = (await Store.AppendAsync(item))[0];
        var other = Guid.CreateVersion7();

        (await CallAsync(user, id: item.Id)).Should().Be(first.Position.ToString());
        string second = await CallAsync(user, id: other);
        (await CallAsync(user, id: other)).Should().Be(second);

        (await Store.AppendAsync(Event(user, id: other)))[0].Should().Match<AppendedEvent>(e => e.IsDuplicate && e.Position.ToString() == second);
        (await Store.ReadAllAsync(user)).ShouldBeGapless(2);
    }

    [TestCase("", "test.happened", 2)]
    [TestCase("..", "test.happened", 2)]
    [TestCase("negotiate", "test.happened", 2)]
    [TestCase("a b", "test.happened", 2)]
    [TestCase("a\n", "test.happened", 2)]
    [TestCase("ü", "test.happened", 2)]
    [TestCase("a", "", 2)]
    [TestCase("a", "Test", 2)]
    [TestCase("a", "test.", 2)]
    [TestCase("a", "test..x", 2)]
    [TestCase("a", "test.happened", 65537)]
    public async Task What_is_malformed_is_refused_and_nothing_stored(string user, string type, int size)
    {
        var call = () => CallAsync(user, type, $"\"{new string('x', size - 2)}\"");

        (await call.Should().ThrowAsync<PostgresException>()).Which.SqlState.Should().Be(PostgresErrorCodes.InvalidParameterValue);
        if (UserId.IsValid(user)) (await Store.HeadAsync(user)).Sequence.Should().Be(0);
    }

    [Test]
    public async Task The_greatest_event_and_the_longest_names_are_taken()
    {
        string user = new('u', UserId.MaxLength), type = new('t', 100);

        await CallAsync(user, type, $"\"{new string('x', 65534)}\"");

        (await Store.SinceAsync(user)).Events.Should().ContainSingle(e => e.Type == type && e.Data.Utf8.Length == 65536);
    }

    [TestCase("[", "]", 61, true)]
    [TestCase("[", "]", 62, false)]
    [TestCase("{\"[{\\\"[\":", "}", 61, true)]
    [TestCase("{\"[{\\\"[\":", "}", 62, false)]
    [TestCase("[[],{},", "]", 60, true)]
    [TestCase("[[],{},", "]", 61, false)]
    public async Task Data_is_taken_as_deep_as_readers_go_and_brackets_in_strings_do_not_count(string open, string close, int depth, bool isTaken)
    {
        string user = NewUser();
        var call = () => CallAsync(user, data: $"{string.Concat(Enumerable.Repeat(open, depth))}1{string.Concat(Enumerable.Repeat(close, depth))}");

        if (isTaken) await call.Should().NotThrowAsync();
        else (await call.Should().ThrowAsync<PostgresException>()).Which.SqlState.Should().Be(PostgresErrorCodes.InvalidParameterValue);

        (await Store.HeadAsync(user)).Sequence.Should().Be(isTaken ? 1 : 0);
    }

    [Test]
    public async Task Wide_data_with_many_brackets_is_no_deep_data()
    {
        string user = NewUser();

        await CallAsync(user, data: $"[{string.Join(',', Enumerable.Repeat("[{}]", 5_000))}]");

        (await Store.HeadAsync(user)).Sequence.Should().Be(1);
    }

    [Test]
    public async Task What_is_rolled_back_leaves_no_hole_also_to_a_savepoint()
    {
        string user = NewUser();
        await using var connection = await _stores.ConnectAsync();
        await connection.RunAsync($"begin; select append_agent_event('{user}', 'test.happened', '1'); savepoint s; select append_agent_event('{user}', 'test.happened', '2')");
        await connection.RunAsync($"rollback to savepoint s; select append_agent_event('{user}', 'test.happened', '3'); commit");
        await connection.RunAsync($"begin; select append_agent_event('{user}', 'test.happened', '4'); rollback");
        await Store.AppendAsync(Event(user, "5"));

        var all = await Store.ReadAllAsync(user);

        all.ShouldBeGapless(3);
        all.Select(e => e.Data.ToString()).Should().Equal("1", "3", "5");
    }

    [Test]
    public async Task Both_doors_at_once_leave_no_gap_and_lose_nothing()
    {
        string[] users = [.. Enumerable.Range(0, 4).Select(_ => NewUser())];
        var acknowledged = new ConcurrentBag<(string User, string Position)>();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(n => n % 2 == 0 ? FromSqlAsync(n) : FromBatchesAsync()));

        foreach (string user in users)
        {
            var all = await Store.ReadAllAsync(user);
            all.ShouldBeGapless(all.Count);
            all.Select(e => e.Position.ToString()).Should().BeEquivalentTo(acknowledged.Where(a => a.User == user).Select(a => a.Position));
        }

        async Task FromSqlAsync(int n)
        {
            await using var connection = await _stores.ConnectAsync();
            for (int i = 0; i < 40; i++)
            {
                string user = users[(n + i) % users.Length];
                await using var transaction = await connection.BeginTransactionAsync().WithinDeadline();
                var position = (string)(await connection.RunAsync(Append, user, "test.happened", "{}", Guid.CreateVersion7()))!;
                if (i % 4 == 0)
                {
                    await transaction.RollbackAsync().WithinDeadline();
                    continue;
                }

                await transaction.CommitAsync().WithinDeadline();
                acknowledged.Add((user, position));
            }
        }

        async Task FromBatchesAsync()
        {
            for (int i = 0; i < 40; i++)
            {
                var units = users.Select(user => Unit(Event(user))).ToArray();
                var outcomes = await Store.AppendAsync(units, i % 2 == 0 ? null : TimeSpan.FromSeconds(5), CancellationToken.None).WithinDeadline(Patience);
                foreach (var (user, outcome) in users.Zip(outcomes))
                {
                    if (outcome is AppendOutcome.Committed committed) acknowledged.Add((user, committed.Events[0].Position.ToString()));
                }
            }
        }
    }

    [Test]
    public async Task Another_role_needs_no_more_than_the_right_to_call_it()
    {
        string user = NewUser(), role = $"app_{Guid.NewGuid():N}";
        await using var connection = await _stores.ConnectAsync();
        await connection.RunAsync($"create role {role}; set role {role}");
        var call = () => connection.RunAsync(Append, user, "test.happened", "{}", Guid.CreateVersion7());

        (await call.Should().ThrowAsync<PostgresException>()).Which.SqlState.Should().Be(PostgresErrorCodes.InsufficientPrivilege);
        await connection.RunAsync($"reset role; grant execute on function append_agent_event to {role}; set role {role}");
        await call();

        (await Store.HeadAsync(user)).Sequence.Should().Be(1);
        await connection.RunAsync($"reset role; drop owned by {role}; drop role {role}");
    }

    private async Task<string> CallAsync(string user, string type = "test.happened", string data = "{}", Guid? id = null)
    {
        await using var connection = await _stores.ConnectAsync();
        return (string)(await connection.RunAsync(Append, user, type, data, id ?? Guid.CreateVersion7()))!;
    }
}
