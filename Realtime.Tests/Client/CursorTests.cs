using System.Text;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Client;

public sealed class CursorTests
{
    FakeHubServer _server = null!;
    DirectoryInfo _folder = null!;

    string CursorFile => Path.Combine(_folder.FullName, "deep", "cursor.json");

    [SetUp]
    public async Task StartServer()
    {
        _server = await FakeHubServer.StartedAsync();
        _folder = Directory.CreateTempSubdirectory("realtime-cursor-");
    }

    [TearDown]
    public async Task StopServer()
    {
        await _server.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Test]
    public async Task Cursor_is_saved_after_the_handler_only()
    {
        using var gate = new SemaphoreSlim(0);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var store = new InMemoryCursorStore();
        await using var run = await ClientRun.LiveAsync(_server.Url, o => o.CursorStore = store, async _ =>
        {
            begun.TrySetResult();
            await gate.WaitAsync().WithinDeadline();
        });
        await _server.PublishAsync();
        await begun.Task.WithinDeadline();
        run.Client.Position!.Value.Sequence.Should().Be(0);
        (await store.LoadAsync(CancellationToken.None))!.Position.Sequence.Should().Be(0);

        gate.Release();
        await run.UntilSeenAsync(1);
        await Eventually.Async("the cursor is saved", async () => (await store.LoadAsync(CancellationToken.None))!.Position.Sequence == 1);
    }

    [Test]
    public async Task Restart_from_the_file_goes_on_with_the_next_event()
    {
        await using (var first = await ClientRun.LiveAsync(_server.Url, o => o.CursorStore = new FileCursorStore(CursorFile)))
        {
            for (int i = 0; i < 3; i++) await _server.PublishAsync();
            await first.UntilSeenAsync(3);
        }

        _server.Stream.Append(2);
        await using var second = await ClientRun.StartAsync(_server.Url, o => o.CursorStore = new FileCursorStore(CursorFile));
        await second.UntilSeenAsync(2);
        second.Sequences.Should().Equal(4, 5);
    }

    [Test]
    public async Task Start_position_is_saved_before_anything_is_delivered()
    {
        _server.Stream.Append(7);
        var store = new InMemoryCursorStore();
        await using var run = await ClientRun.StartAsync(_server.Url, o => o.CursorStore = store);

        var cursor = (await store.LoadAsync(CancellationToken.None))!;
        cursor.Position.Should().Be(new StreamPosition("fake", 7));
        cursor.UserId.Should().Be("user_1");
        cursor.ServerUrl.Should().Be(_server.Url.ToString().TrimEnd('/'));
    }

    [TestCase("user_2", true)]
    [TestCase("user_1", false)]
    public async Task Cursor_of_another_user_or_server_counts_as_none(string user, bool isSameServer)
    {
        _server.Stream.Append(5);
        var store = new InMemoryCursorStore();
        await store.SaveAsync(
            new StreamCursor
            {
                UserId = user,
                ServerUrl = isSameServer ? _server.Url.ToString().TrimEnd('/') : "https://elsewhere",
                Position = new StreamPosition("fake", 1),
            },
            CancellationToken.None);
        await using var run = await ClientRun.LiveAsync(_server.Url, o => o.CursorStore = store);

        run.Client.Position.Should().Be(new StreamPosition("fake", 5));
        run.Seen.Should().BeEmpty();
        run.Logs.All.Should().Contain(l => l.Text.Contains("counts as none", StringComparison.Ordinal));
    }

    [Test]
    public async Task Start_with_a_stored_cursor_needs_no_server()
    {
        await new FileCursorStore(CursorFile).SaveAsync(Cursor(3), CancellationToken.None);
        await _server.StopAsync();
        await using var run = await ClientRun.StartAsync(_server.Url, o => o.CursorStore = new FileCursorStore(CursorFile));

        run.Client.Position!.Value.Sequence.Should().Be(3);
    }

    [TestCase("")]
    [TestCase("{\"serverUrl\":\"http://x\",\"userId\":\"user_1\",\"posi")]
    [TestCase("null")]
    [TestCase("{\"position\":\"k3f9.042\",\"serverUrl\":\"x\",\"userId\":\"u\"}")]
    public async Task Unreadable_file_keeps_the_client_from_starting(string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(CursorFile)!);
        await File.WriteAllTextAsync(CursorFile, content);
        await using var run = ClientRun.Create(_server.Url, o => o.CursorStore = new FileCursorStore(CursorFile));

        await FluentActions.Awaiting(() => run.Client.StartAsync().WithinDeadline()).Should().ThrowAsync<CursorUnreadableException>();
        (await File.ReadAllTextAsync(CursorFile)).Should().Be(content);
    }

    [Test]
    public async Task File_keeps_every_member()
    {
        var store = new FileCursorStore(CursorFile);
        (await store.LoadAsync(CancellationToken.None)).Should().BeNull();
        var cursor = Cursor(42) with { Id = Guid.NewGuid(), Time = new DateTimeOffset(2026, 11, 23, 3, 27, 0, TimeSpan.Zero).AddTicks(1234560) };
        await store.SaveAsync(Cursor(1), CancellationToken.None);
        await store.SaveAsync(cursor, CancellationToken.None);

        (await new FileCursorStore(CursorFile).LoadAsync(CancellationToken.None)).Should().Be(cursor);
        Directory.GetFiles(Path.GetDirectoryName(CursorFile)!).Should().ContainSingle();
    }

    [Test]
    public async Task Torn_temporary_file_of_a_crash_changes_nothing()
    {
        var store = new FileCursorStore(CursorFile);
        await store.SaveAsync(Cursor(5), CancellationToken.None);
        await File.WriteAllBytesAsync(CursorFile + ".tmp", Encoding.UTF8.GetBytes("{\"serv"));

        (await store.LoadAsync(CancellationToken.None))!.Position.Sequence.Should().Be(5);
        await store.SaveAsync(Cursor(6), CancellationToken.None);
        (await store.LoadAsync(CancellationToken.None))!.Position.Sequence.Should().Be(6);
    }

    [Test]
    public async Task Store_that_fails_to_save_is_reported_and_tried_again()
    {
        var store = new FailingStore();
        await using var run = await ClientRun.LiveAsync(_server.Url, o => o.CursorStore = store);
        store.IsFailing = true;
        await _server.PublishAsync();
        await run.UntilSeenAsync(1);
        await Eventually.Async("the failure is logged", () => run.Logs.All.Any(l => l.Text.Contains("could not be saved", StringComparison.Ordinal)));

        store.IsFailing = false;
        await _server.PublishAsync();
        await Eventually.Async("the cursor is saved", () => store.Saved?.Position.Sequence == 2);
    }

    [Test]
    public async Task Full_disk_keeps_the_old_cursor_is_reported_and_loses_nothing()
    {
        await using (var run = await ClientRun.LiveAsync(_server.Url, o => o.CursorStore = new FileCursorStore(CursorFile)))
        {
            await _server.PublishAsync();
            await Eventually.Async("the cursor is saved", () => SavedSequence() == 1);
            File.CreateSymbolicLink(CursorFile + ".tmp", "/dev/full");
            await _server.PublishAsync();
            await Eventually.Async("the full disk is reported", () => run.Logs.All.Any(l =>
                l.Level == Microsoft.Extensions.Logging.LogLevel.Error && l.Text.Contains("could not be saved", StringComparison.Ordinal) && l.Text.Contains("No space left", StringComparison.Ordinal)));
            run.Sequences.Should().Equal(1, 2);
            SavedSequence().Should().Be(1);

            File.Delete(CursorFile + ".tmp");
            await _server.PublishAsync();
            await Eventually.Async("the cursor is saved again", () => SavedSequence() == 3);
        }

        await using var next = await ClientRun.LiveAsync(_server.Url, o => o.CursorStore = new FileCursorStore(CursorFile));
        next.Seen.Should().BeEmpty();
    }

    [Test]
    public async Task After_a_crash_with_a_disk_that_took_nothing_events_repeat_and_none_is_lost()
    {
        var store = new FailingStore();
        var abandoned = await ClientRun.LiveAsync(_server.Url, o => o.CursorStore = store);
        store.IsFailing = true;
        for (int i = 0; i < 3; i++) await _server.PublishAsync();
        await abandoned.UntilSeenAsync(3);

        // As after a crash: nothing could be saved at the end either.
        await abandoned.DisposeAsync();
        store.IsFailing = false;
        await using var next = await ClientRun.StartAsync(_server.Url, o => o.CursorStore = store);
        await next.UntilSeenAsync(3);
        next.Sequences.Should().Equal(1, 2, 3);
    }

    [Test]
    public async Task Start_that_cannot_be_saved_is_reported_and_nothing_is_handed_over_before_it_is()
    {
        _server.Stream.Append(2);
        Directory.CreateDirectory(Path.GetDirectoryName(CursorFile)! + "/cursor.json.tmp"); // no file can be written there
        await using var run = ClientRun.Create(_server.Url, o =>
        {
            o.CursorStore = new FileCursorStore(CursorFile);
            o.StartFrom = StartFrom.After(new StreamPosition("fake", 0));
        });
        var starting = run.Client.StartAsync();
        await Eventually.Async("it is reported", () => run.Logs.All.Any(l => l.Text.Contains("nothing is handed over before it is", StringComparison.Ordinal)));
        run.Seen.Should().BeEmpty();
        starting.IsCompleted.Should().BeFalse();

        Directory.Delete(CursorFile + ".tmp");
        await starting.WithinDeadline();
        await run.UntilSeenAsync(2);
    }

    [Test]
    public async Task Save_that_fails_while_the_client_stops_is_no_reason_to_end_with_an_error()
    {
        using var store = new SlowlyFailingStore();
        await using var run = ClientRun.Create(_server.Url, o =>
        {
            o.CursorStore = store;
            o.StartFrom = StartFrom.After(new StreamPosition("fake", 0));
        });
        var starting = run.Client.StartAsync();
        await store.Entered.Task.WithinDeadline();

        var stopping = run.Client.StopAsync();
        store.Fail();

        await stopping.WithinDeadline();
        await run.Client.Completion.WithinDeadline();
        await FluentActions.Awaiting(() => starting.WithinDeadline()).Should().ThrowAsync<OperationCanceledException>("it was stopped before it began");
    }

    [Test]
    public async Task Store_that_hangs_at_the_end_does_not_keep_the_client_from_stopping()
    {
        var store = new FailingStore();
        var run = await ClientRun.LiveAsync(_server.Url, o =>
        {
            o.CursorStore = store;
            o.CursorSaveInterval = TimeSpan.FromHours(1);
        });
        store.IsHanging = true;
        await _server.PublishAsync();
        await run.UntilSeenAsync(1);

        await run.Client.StopAsync().WithinDeadline();
        await run.Client.Completion.WithinDeadline();
        run.Client.Status.State.Should().Be(ConnectionState.Stopped);
        await run.DisposeAsync();
    }

    [Test]
    public async Task Cursor_is_not_used_up_by_failed_handshakes_or_by_runs_that_processed_nothing()
    {
        _server.Stream.Append(5);
        var store = new InMemoryCursorStore();
        await store.SaveAsync(Cursor(3), CancellationToken.None);
        _server.Guard = r => r.IsHandshake && _server.HandshakeTokens.Count < 3 ? new FakeRefusal(503) : null;
        for (int life = 0; life < 3; life++)
        {
            var begun = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var run = await ClientRun.StartAsync(_server.Url, o =>
            {
                o.CursorStore = store;
                o.HandlerFailure = new HandlerFailurePolicy { MaxAttempts = 1 };
            }, handler: e =>
            {
                begun.TrySetResult(e.Position.Sequence);
                throw new InvalidOperationException("as if the process died in its handler");
            });
            (await begun.Task.WithinDeadline()).Should().Be(4);
        }

        await using var last = await ClientRun.StartAsync(_server.Url, o => o.CursorStore = store);
        await last.UntilSeenAsync(2);
        last.Sequences.Should().Equal(4, 5);
    }

    long SavedSequence()
    {
        using var json = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(CursorFile));
        return StreamPosition.Parse(json.RootElement.GetProperty("position").GetString()!).Sequence;
    }

    StreamCursor Cursor(long sequence) =>
        new() { ServerUrl = _server.Url.ToString().TrimEnd('/'), UserId = "user_1", Position = new StreamPosition("fake", sequence) };

    /// <summary>Takes its time for a save, whoever stops meanwhile, and then fails.</summary>
    sealed class SlowlyFailingStore : ICursorStore, IDisposable
    {
        readonly SemaphoreSlim _gate = new(0);

        internal TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ValueTask<StreamCursor?> LoadAsync(CancellationToken cancellationToken) => new((StreamCursor?)null);

        public async ValueTask SaveAsync(StreamCursor cursor, CancellationToken cancellationToken)
        {
            Entered.TrySetResult();
            await _gate.WaitAsync(CancellationToken.None);
            throw new IOException("disk full");
        }

        public void Dispose() => _gate.Dispose();

        internal void Fail() => _gate.Release();
    }

    sealed class FailingStore : ICursorStore
    {
        volatile StreamCursor? _saved;

        internal volatile bool IsFailing;

        internal volatile bool IsHanging;

        internal StreamCursor? Saved => _saved;

        public ValueTask<StreamCursor?> LoadAsync(CancellationToken cancellationToken) => new(_saved);

        public async ValueTask SaveAsync(StreamCursor cursor, CancellationToken cancellationToken)
        {
            if (IsFailing) throw new IOException("disk full");
            if (IsHanging) await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
            _saved = cursor;
        }
    }
}
