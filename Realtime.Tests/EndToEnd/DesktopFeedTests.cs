using System.Collections.Concurrent;
using System.Diagnostics;
using DesktopFeed;
using FeedLibrary;
using Realtime.Client;
using Realtime.Tests.Client;
using Realtime.Tests.Support;

namespace Realtime.Tests.EndToEnd;

/// <summary>The desktop sample without a desktop: a netstandard2.0 library whose feed lives on the thread of a message loop.</summary>
public sealed class DesktopFeedTests
{
    /// <summary>How long each side bears the other's silence, in place of 30 s; each says every second that it is there.</summary>
    static readonly TimeSpan Silence = TimeSpan.FromSeconds(3);

    FakeHubServer _server = null!;
    MessageLoop _ui = null!;
    Thread _thread = null!;

    [SetUp]
    public async Task OpenWindow()
    {
        _server = await FakeHubServer.StartedAsync(hub =>
        {
            hub.KeepAliveInterval = TimeSpan.FromSeconds(1);
            hub.ClientTimeoutInterval = Silence;
        });
        _ui = new MessageLoop();
        _thread = new Thread(_ui.Run) { IsBackground = true };
        _thread.Start();
    }

    [TearDown]
    public async Task CloseWindow()
    {
        _ui.Quit();
        _thread.Join(TimeSpan.FromSeconds(10)).Should().BeTrue();
        await _server.DisposeAsync();
    }

    [Test]
    public async Task Everything_is_shown_on_the_ui_thread_and_in_order()
    {
        var shown = new ConcurrentQueue<(string Line, bool IsOnUi)>();
        var statuses = new ConcurrentQueue<bool>();
        await using var feed = Feed();
        feed.Lines.CollectionChanged += (_, change) => shown.Enqueue(((string)change.NewItems![0]!, _ui.IsCurrent));
        feed.StatusChanged += (_, _) => statuses.Enqueue(_ui.IsCurrent);
        await feed.StartAsync(CancellationToken.None).WithinDeadline();
        await _server.WaitForConnectionAsync();

        for (int i = 0; i < 100; i++) await _server.PublishAsync();
        await Eventually.Async("all are shown", () => shown.Count == 100);

        shown.Should().OnlyContain(s => s.IsOnUi);
        shown.Select(s => s.Line).Should().Equal(Enumerable.Range(1, 100).Select(i => $"fake.{i} briefing: T, {i} items"));
        statuses.Should().NotBeEmpty().And.OnlyContain(isOnUi => isOnUi);
    }

    /// <summary>Made and started on the UI thread: whatever of the client resumed on its caller's context would wait for the blocked thread.</summary>
    [Test]
    public async Task Ui_thread_that_is_blocked_for_longer_than_either_side_bears_silence_costs_no_connection_and_no_event()
    {
        using var unblock = new ManualResetEventSlim();
        AgentFeed feed = null!;
        var starting = Task.CompletedTask;
        await _ui.RunAsync(
            () =>
            {
                feed = Feed(o => o.IdleCheckInterval = TimeSpan.FromMilliseconds(100));
                starting = feed.StartAsync(CancellationToken.None);
            },
            CancellationToken.None).WithinDeadline();
        await using var closing = feed;
        await starting.WithinDeadline();
        await _server.WaitForConnectionAsync();

        _ui.Post(_ => unblock.Wait(), state: null);
        var blocked = Stopwatch.StartNew();
        for (int i = 0; i < 50; i++) await _server.PublishAsync();
        await Eventually.Async("both sides would have given up", () => blocked.Elapsed > 1.5 * Silence);
        for (int i = 0; i < 5; i++) await _server.WaitForReceiptAsync(); // what the client asks on its connection is asked and answered
        unblock.Set();

        int count = 0;
        await Eventually.Async("all are shown", () =>
        {
            _ui.Send(_ => count = feed.Lines.Count, state: null);
            return count == 50;
        });
        _server.HandshakeTokens.Should().HaveCount(1, "the connection of before is still the one");
    }

    [Test]
    public async Task Line_that_cannot_be_shown_is_tried_again_and_not_passed()
    {
        int failures = 0;
        await using var feed = Feed();
        feed.Lines.CollectionChanged += (_, _) =>
        {
            if (failures++ == 0) throw new InvalidOperationException("the window is being redrawn");
        };
        await feed.StartAsync(CancellationToken.None).WithinDeadline();
        await _server.WaitForConnectionAsync();

        await _server.PublishAsync();

        await Eventually.Async("it was tried again", () => Volatile.Read(ref failures) >= 2);
    }

    AgentFeed Feed(Action<AgentEventsClientOptions>? configure = null)
    {
        var options = ClientRun.Options(_server.Url);
        options.StartFrom = StartFrom.Beginning;
        options.KeepAliveInterval = TimeSpan.FromSeconds(1);
        options.ServerTimeout = Silence;
        configure?.Invoke(options);
        return new AgentFeed(options, _ui);
    }
}
