using ExactlyOnce;
using Microsoft.Data.Sqlite;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Specifications;

/// <summary>What any cursor store of a client promises.</summary>
public abstract class CursorStoreSpecification
{
    private protected DirectoryInfo Folder { get; private set; } = null!;

    private protected abstract ICursorStore Open();

    private protected virtual bool IsDurable => true;

    [SetUp]
    public void CreateFolder() => Folder = Directory.CreateTempSubdirectory("realtime-cursor-");

    [TearDown]
    public void DeleteFolder()
    {
        SqliteConnection.ClearAllPools();
        Folder.Delete(recursive: true);
    }

    [Test]
    public async Task Without_a_save_there_is_no_cursor() => (await LoadAsync(Open())).Should().BeNull();

    [Test]
    public async Task Every_member_is_kept()
    {
        var store = Open();
        var full = Cursor(42) with { Id = Guid.NewGuid(), Time = new DateTimeOffset(2026, 11, 23, 3, 27, 0, TimeSpan.Zero).AddTicks(1234560) };
        foreach (var cursor in new[] { Cursor(0), full, full with { Id = null } })
        {
            await SaveAsync(store, cursor);
            (await LoadAsync(IsDurable ? Open() : store)).Should().Be(cursor);
        }
    }

    [Test]
    public async Task A_save_replaces_the_cursor_backwards_and_into_another_history_too()
    {
        var store = Open();
        foreach (var position in new[] { "file.7", "file.3", "other.9", "file.1" })
        {
            await SaveAsync(store, Cursor(0) with { Position = StreamPosition.Parse(position) });
            (await LoadAsync(store))!.Position.ToString().Should().Be(position);
        }
    }

    [Test]
    public async Task A_cursor_may_be_loaded_any_number_of_times()
    {
        var store = Open();
        await SaveAsync(store, Cursor(5));

        for (int i = 0; i < 3; i++) (await LoadAsync(store)).Should().Be(Cursor(5));
    }

    private protected static Task<StreamCursor?> LoadAsync(ICursorStore store) => store.LoadAsync(CancellationToken.None).WithinDeadline();

    private protected static Task SaveAsync(ICursorStore store, StreamCursor cursor) => store.SaveAsync(cursor, CancellationToken.None).WithinDeadline();

    private protected static StreamCursor Cursor(long sequence) =>
        new() { ServerUrl = "http://localhost:5080", UserId = "user_1", Position = new StreamPosition("file", sequence) };
}

public sealed class InMemoryCursorStoreTests : CursorStoreSpecification
{
    InMemoryCursorStore _store = null!;

    private protected override bool IsDurable => false;

    [SetUp]
    public void CreateStore() => _store = new InMemoryCursorStore();

    private protected override ICursorStore Open() => _store;
}

public sealed class FileCursorStoreTests : CursorStoreSpecification
{
    private protected override ICursorStore Open() => new FileCursorStore(Path.Combine(Folder.FullName, "deep", "cursor.json"));
}

public sealed class SqliteCursorStoreTests : CursorStoreSpecification
{
    string ConnectionString => new SqliteConnectionStringBuilder { DataSource = Path.Combine(Folder.FullName, "app.db") }.ToString();

    private protected override ICursorStore Open() => new SqliteCursorStore(ConnectionString);

    [Test]
    public async Task An_effect_and_its_cursor_are_rolled_back_together()
    {
        var store = new SqliteCursorStore(ConnectionString);
        await SaveAsync(store, Cursor(4));

        await using (var connection = await ConnectAsync())
        await using (var transaction = connection.BeginTransaction())
        {
            (await store.TryPassAsync(Event(5), transaction, CancellationToken.None)).Should().BeTrue();
            await transaction.RollbackAsync();
        }

        (await LoadAsync(new SqliteCursorStore(ConnectionString)))!.Position.Sequence.Should().Be(4);
        await PassAsync(store, 5);
        (await LoadAsync(new SqliteCursorStore(ConnectionString)))!.Should().Be(
            Cursor(5) with { Id = Event(5).Id, Time = Event(5).Time });
    }

    [Test]
    public async Task An_event_is_passed_once_even_when_its_commit_was_not_believed()
    {
        var store = new SqliteCursorStore(ConnectionString);
        await SaveAsync(store, Cursor(4));

        (await PassAsync(store, 5)).Should().BeTrue();
        (await PassAsync(store, 5)).Should().BeFalse("the attempt before has been committed, whatever its caller was told");
        (await PassAsync(store, 6)).Should().BeTrue();
    }

    [Test]
    public async Task What_the_client_saves_after_giving_up_a_handler_does_not_undo_what_that_handler_committed()
    {
        var store = new SqliteCursorStore(ConnectionString);
        await SaveAsync(store, Cursor(4));
        await PassAsync(store, 5);
        await PassAsync(store, 6);

        await SaveAsync(store, Cursor(5) with { Id = Event(5).Id, Time = Event(5).Time });

        (await LoadAsync(new SqliteCursorStore(ConnectionString)))!.Position.Sequence.Should().Be(6);
    }

    [Test]
    public async Task After_a_handler_has_finished_the_client_may_place_the_cursor_anywhere()
    {
        var store = new SqliteCursorStore(ConnectionString);
        await SaveAsync(store, Cursor(4));
        await PassAsync(store, 5);
        await SaveAsync(store, Cursor(5) with { Id = Event(5).Id, Time = Event(5).Time });
        await SaveAsync(store, Cursor(2));

        (await LoadAsync(new SqliteCursorStore(ConnectionString)))!.Position.Sequence.Should().Be(2);
    }

    [Test]
    public async Task Of_two_clients_at_once_each_event_is_passed_by_one_and_the_other_cannot_move_it_back()
    {
        var first = new SqliteCursorStore(ConnectionString);
        await SaveAsync(first, Cursor(4));
        var second = new SqliteCursorStore(ConnectionString);
        await LoadAsync(second);
        for (int sequence = 5; sequence <= 7; sequence++) await PassAsync(first, sequence);

        (await PassAsync(second, 5)).Should().BeFalse();
        await FluentActions.Awaiting(() => SaveAsync(second, Cursor(5))).Should().ThrowAsync<InvalidOperationException>().WithMessage("*another client*");
        (await LoadAsync(first))!.Position.Sequence.Should().Be(7);
    }

    [Test]
    public async Task A_handler_whose_client_keeps_its_cursor_elsewhere_is_told()
    {
        var store = new SqliteCursorStore(ConnectionString);
        await LoadAsync(store);

        await FluentActions.Awaiting(() => PassAsync(store, 1)).Should().ThrowAsync<InvalidOperationException>().WithMessage("*must be the client's CursorStore*");
        await SaveAsync(store, Cursor(0) with { Position = new StreamPosition("other", 0) });
        await FluentActions.Awaiting(() => PassAsync(store, 1)).Should().ThrowAsync<InvalidOperationException>().WithMessage("*another history*");
    }

    async Task<bool> PassAsync(SqliteCursorStore store, long sequence)
    {
        await using var connection = await ConnectAsync();
        await using var transaction = connection.BeginTransaction();
        bool isNew = await store.TryPassAsync(Event(sequence), transaction, CancellationToken.None);
        await transaction.CommitAsync();
        return isNew;
    }

    async Task<SqliteConnection> ConnectAsync()
    {
        var connection = new SqliteConnection(ConnectionString);
        await connection.OpenAsync().WithinDeadline();
        return connection;
    }

    static AgentEvent Event(long sequence) => Realtime.Contracts.Serialization.EventTypes.CreateDefault().Read(new AgentEventEnvelope
    {
        Type = "something.else",
        Id = new Guid((int)sequence, 0, 0, new byte[8]),
        Position = new StreamPosition("file", sequence),
        Time = DateTimeOffset.UnixEpoch.AddSeconds(sequence),
        Data = EventData.Parse("{}"),
    });
}
