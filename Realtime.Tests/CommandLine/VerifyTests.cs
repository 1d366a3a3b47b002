using Realtime.Contracts;
using Realtime.Server.EventStore;
using Realtime.Tests.Integration;
using Realtime.Tests.Specifications;
using Realtime.Tests.Support;
using static Realtime.Tests.Specifications.EventStoreTestEvents;

namespace Realtime.Tests.CommandLine;

/// <summary>
/// <c>verify</c> finds each damage in a real store, names it, and finds nothing in a sound one, also while it is trimmed and appended to.
/// </summary>
[Category("Integration")]
[TestFixture("Postgres")]
[TestFixture("Sqlite")]
internal sealed class VerifyTests(string kind)
{
    private const int Events = 12;
    private EventStoresUnderTest _stores = null!;
    private string _setting = string.Empty;

    private bool IsPostgres => kind == "Postgres";

    private string Schema => IsPostgres ? "realtime." : string.Empty;

    [SetUp]
    public async Task CreateStore()
    {
        _stores = IsPostgres ? await EventStorePostgresUnderTest.CreateAsync() : new EventStoreSqliteUnderTest();
        _setting = _stores is EventStorePostgresUnderTest postgres
            ? $"--ConnectionStrings:Postgres={postgres.ConnectionString}"
            : $"--Storage:SqlitePath={((EventStoreSqliteUnderTest)_stores).FilePath}";
        await _stores.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
    }

    [TearDown]
    public async Task DisposeStore() => await _stores.DisposeAsync();

    [Test]
    public async Task A_sound_store_has_no_fault_also_when_it_was_trimmed_and_is_in_use()
    {
        var last = (await _stores.Events.FillAsync("anna", Events))[^1].Position;
        await _stores.Events.FillAsync("ben", 1_200); // more than a page
        await _stores.Events.TrimToAsync("anna", 5);
        await _stores.Events.FillAsync("carl", 3);
        await _stores.Events.TrimToAsync("carl", 3); // nothing left
        await _stores.Cursors.MoveAsync("anna", "app", last, CancellationToken.None).WithinDeadline();

        var (exitCode, document) = await Commands.RunJsonAsync("verify", _setting);

        document.GetProperty("faults").GetArrayLength().Should().Be(0, document.ToString());
        exitCode.Should().Be(0);
        document.GetProperty("status").GetString().Should().Be("ok");
        document.GetProperty("isComplete").GetBoolean().Should().BeTrue();
        document.GetProperty("epoch").GetString().Should().Be(last.Epoch);
        (document.GetProperty("streams").GetInt64(), document.GetProperty("events").GetInt64()).Should().Be((3L, 1_200L + Events - 5));
    }

    /// <summary>All damages at once, a stream each, so that one run of the program shows that none hides another.</summary>
    [Test]
    public async Task Every_damage_is_found_and_named_and_the_sound_streams_are_not()
    {
        string[] users = ["gap", "first", "tail", "ahead", "time", "last", "trim", "type", "size", "deep", "orphan", "cursor", "sound"];
        foreach (string user in users) await _stores.Events.FillAsync(user, Events);
        await _stores.Events.TrimToAsync("trim", 4);
        string deep = new string('[', 70) + new string(']', 70);

        await ExecuteAsync(
            "delete from {0}events where user_id = 'gap' and sequence in (4, 5)",
            "delete from {0}events where user_id = 'first' and sequence = 1",
            "delete from {0}events where user_id = 'tail' and sequence = 12",
            "update {0}streams set sequence = 10 where user_id = 'ahead'",
            "update {0}events set time = (select e.time from {0}events e where e.user_id = 'time' and e.sequence = 2) where user_id = 'time' and sequence = 7",
            "update {0}streams set last_time = (select e.time from {0}events e where e.user_id = 'last' and e.sequence = 3) where user_id = 'last'",
            "update {0}streams set trimmed_time = last_time where user_id = 'trim'",
            "update {0}events set type = 'Not A Type' where user_id = 'type' and sequence = 2",
            "update {0}events set size = size + 1 where user_id = 'size' and sequence = 3",
            $"update {{0}}events set data = '{deep}', size = 140 where user_id = 'deep' and sequence = 9",
            "delete from {0}streams where user_id = 'orphan'",
            IsPostgres
                ? "insert into {0}cursors select 'cursor', 'app', h.epoch, 99, now() from {0}history_record h"
                : "insert into cursors select 'cursor', 'app', h.epoch, 99, 0 from history h");

        var run = await Commands.RunAsync("verify", _setting);

        run.ExitCode.Should().Be(1);
        run.Lines.Where(l => l.StartsWith("fault ", StringComparison.Ordinal)).Select(Words).Should().BeEquivalentTo(
        [
            "gap gap 4: events 4 to 5 are missing",
            "gap first 1: event 1 is missing",
            "gap tail 12: event 12 is missing",
            "head ahead 12: the head is 10, but there are events up to 12: the next publishes would collide with them",
            "time ahead 10:", "time time 7:", "time last 12:", "time trim 5:", "type type 2:", "data size 3:", "data deep 9:", "stream orphan:", "cursor cursor 99:",
        ], o => o.Using<string>(c => c.Subject.Should().StartWith(c.Expectation)).WhenTypeIs<string>().WithoutStrictOrdering());
        run.Text.Should().NotContain("sound").And.Contain($"{users.Length - 1} streams").And.Contain("restore a backup");

        static string Words(string line) => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1));
    }

    [Test]
    public async Task A_lost_unique_index_and_an_id_that_comes_twice_are_found()
    {
        await _stores.Events.FillAsync("anna", Events);
        string same = "update {0}events set id = (select e.id from {0}events e where e.sequence = 2) where sequence = 9";
        if (IsPostgres) await ExecuteAsync("alter table {0}events drop constraint events_user_id_id_key", same);
        else await RebuildWithoutUniqueIdAsync(same);

        var run = await Commands.RunAsync("verify", _setting, "--user", "anna");

        run.ExitCode.Should().Be(1);
        run.Line("fault    index").Should().Contain("(user_id, id)");
        run.Line("fault    id").Should().Contain("anna 9: ").And.Contain("of 2");
    }

    [Test]
    public async Task A_store_without_an_epoch_and_a_user_without_events_are_told_apart()
    {
        await _stores.Events.FillAsync("anna", 1);
        (await Commands.RunAsync("verify", _setting, "--user", "nobody")).ExitCode.Should().Be(0);
        await ExecuteAsync(IsPostgres ? "delete from {0}history_record" : "delete from history");

        var run = await Commands.RunAsync("verify", _setting, "--user", "anna");

        run.ExitCode.Should().Be(1);
        run.Line("fault    epoch").Should().Contain("there is no epoch");
    }

    private async Task ExecuteAsync(params string[] statements)
    {
        foreach (string statement in statements)
        {
            string sql = statement.Replace("{0}", Schema, StringComparison.Ordinal);
            if (_stores is EventStorePostgresUnderTest postgres) await postgres.ExecuteAsync(sql);
            else await ((EventStoreSqliteUnderTest)_stores).ExecuteAsync(sql);
        }
    }

    /// <summary>SQLite cannot drop a constraint: the table is made again without it.</summary>
    private Task RebuildWithoutUniqueIdAsync(string damage) => ExecuteAsync(
        "create table e2 (user_id text not null, sequence integer not null, id text not null, type text not null, time integer not null, data text not null, size integer not null, primary key (user_id, sequence))",
        "insert into e2 select user_id, sequence, id, type, time, data, size from events",
        "drop table events", "alter table e2 rename to events", damage);
}

/// <summary>Damage below the tables: pages that cannot be read.</summary>
[Category("Integration")]
internal sealed class VerifyBrokenFileTests
{
    [Test]
    public async Task A_file_whose_pages_are_overwritten_is_a_fault_or_one_line_never_a_stack_trace()
    {
        await using var stores = new EventStoreSqliteUnderTest();
        await stores.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
        await stores.Events.FillAsync("anna", 3_000);
        string copy = stores.FilePath + ".broken";
        await stores.ExecuteAsync($"vacuum into '{copy}'");
        byte[] bytes = await File.ReadAllBytesAsync(copy);
        Array.Fill(bytes, (byte)0xa5, bytes.Length / 2, bytes.Length / 4);
        await File.WriteAllBytesAsync(copy, bytes);

        var run = await Commands.RunAsync("verify", $"--Storage:SqlitePath={copy}");

        run.ExitCode.Should().Be(1);
        run.Text.Should().Contain("malformed").And.NotContain("   at ");
    }
}
