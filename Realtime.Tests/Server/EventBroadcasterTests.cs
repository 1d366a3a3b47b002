using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Realtime.Contracts;
using Realtime.Server;
using Realtime.Server.FanOut;
using Realtime.Server.Telemetry;
using Realtime.Tests.Support;

namespace Realtime.Tests.Server;

/// <summary>The queue between commit and push: order, bounds, and what a group gets when it overflows.</summary>
public sealed class EventBroadcasterTests
{
    RecordingGroups _groups = null!;
    ServiceProvider _services = null!;

    [SetUp]
    public void Start()
    {
        _groups = new RecordingGroups();
        _services = new ServiceCollection().AddMetrics().AddSingleton<ServerMetrics>().BuildServiceProvider();
    }

    [TearDown]
    public void Stop() => _services.Dispose();

    [Test]
    public async Task What_does_not_fit_is_left_out_and_the_head_follows()
    {
        var broadcaster = Create(capacity: 3);
        _groups.Hold();
        for (int i = 1; i <= 10; i++) broadcaster.Enqueue("anna", Envelope(i));
        broadcaster.Enqueue("anna", Envelope(2)); // an answer that was lost, pushed again: it does not lower the head
        _groups.LetGo();

        await Eventually.Async("the head is sent", () => _groups.Sent.Contains("head e.10"));

        _groups.Sent[^1].Should().Be("head e.10", "it comes after what was pushed");
        _groups.Sent.Count.Should().BeLessThan(6).And.BeGreaterThan(3);
        broadcaster.Enqueue("anna", Envelope(11));
        await Eventually.Async("the next event is pushed as always", () => _groups.Sent[^1] == "e.11");
    }

    [Test]
    public async Task One_user_that_nobody_reads_does_not_hold_up_another_and_all_together_are_bounded()
    {
        var broadcaster = Create(capacity: 1_000_000);
        _groups.Hold();
        var data = EventData.Parse($"\"{new string('x', 60_000)}\"");
        int fitting = (int)(EventBroadcaster.MaxWaitingBytes / 60_002);
        for (int i = 1; i <= fitting + 100; i++) broadcaster.Enqueue($"user_{i % 7}", Envelope(i, data));
        _groups.LetGo();

        await Eventually.Async("heads are sent to those who lost something", () => _groups.Sent.Any(s => s.StartsWith("head ", StringComparison.Ordinal)));

        await Eventually.Async("everything that fitted is pushed", () => _groups.Sent.Count(s => !s.StartsWith("head ", StringComparison.Ordinal)) >= fitting);
        _groups.Sent.Count(s => !s.StartsWith("head ", StringComparison.Ordinal)).Should().BeLessThan(fitting + 20);
    }

    [Test]
    public async Task What_waits_is_pushed_by_sequence()
    {
        var broadcaster = Create(capacity: 100);
        _groups.Hold();
        broadcaster.Enqueue("anna", Envelope(1));
        await Eventually.Async("the first is under way", () => _groups.IsSending);
        foreach (int sequence in new[] { 3, 2, 5, 4 }) broadcaster.Enqueue("anna", Envelope(sequence));
        _groups.LetGo();

        await Eventually.Async("all are pushed", () => _groups.Sent.Count == 5);

        _groups.Sent.Should().Equal("e.1", "e.2", "e.3", "e.4", "e.5");
    }

    EventBroadcaster Create(int capacity) => new(
        _groups, Options.Create(new RealtimeOptions { FanOutQueueCapacity = capacity }), _services.GetRequiredService<ServerMetrics>(), NullLogger<EventBroadcaster>.Instance);

    static AgentEventEnvelope Envelope(long sequence, EventData? data = null) => new()
    {
        Type = "test.happened",
        Id = Guid.NewGuid(),
        Position = new StreamPosition("e", sequence),
        Time = DateTimeOffset.UnixEpoch,
        Data = data ?? EventData.Parse("{}"),
    };
}
