using System.Collections.Concurrent;
using DesktopFeed;
using FeedLibrary;
using Realtime.Client;
using Realtime.Tests.Client;
using Realtime.Tests.Support;

namespace Realtime.Tests.EndToEnd;

/// <summary>The desktop sample without a desktop: a netstandard2.0 library whose feed lives on the thread of a message loop.</summary>
public sealed class DesktopFeedTests
{
    FakeHubServer _server = null!;
    MessageLoop _ui = null!;
    Thread _thread = null!;

    [SetUp]
    public async Task OpenWindow()
    {
        _server = await FakeHubServer.StartedAsync();
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

    [Test]
    public async Task Blocked_ui_thread_delays_what_is_shown_and_the_connection_goes_on()
    {
        using var unblock = new ManualResetEventSlim();
        await using var feed = Feed(o => o.IdleCheckInterval = TimeSpan.FromMilliseconds(100));
        await feed.StartAsync(CancellationToken.None).WithinDeadline();
        await _server.WaitForConnectionAsync();

        _ui.Post(_ => unblock.Wait(), state: null);
        for (int i = 0; i < 50; i++) await _server.PublishAsync();
        for (int i = 0; i < 5; i++) await _server.WaitForReceiptAsync(); // what the client asks on its connection is asked and answered
        int connectsWhileBlocked = _server.HandshakeTokens.Count;
        unblock.Set();

        int count = 0;
        await Eventually.Async("all are shown", () =>
        {
            _ui.Send(_ => count = feed.Lines.Count, state: null);
            return count == 50;
        });
        connectsWhileBlocked.Should().Be(1, "the connection of before is still the one");
        _server.HandshakeTokens.Should().HaveCount(1);
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
        configure?.Invoke(options);
        return new AgentFeed(options, _ui);
    }
}
