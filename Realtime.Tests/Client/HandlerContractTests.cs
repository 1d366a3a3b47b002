using Realtime.Client;
using Realtime.Client.Ordering;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Client;

/// <summary>What keeps an application from losing events by its own hand, and the client from growing without end.</summary>
public sealed class HandlerContractTests
{
    [Test]
    public void Every_handler_returns_a_task_so_that_its_end_is_always_known()
    {
        var handlers = typeof(AgentEventsClient).GetMethods()
            .Where(m => m.Name == nameof(AgentEventsClient.On))
            .Select(m => m.GetParameters()[0].ParameterType.GetMethod("Invoke")!)
            .Append(typeof(IAgentEventHandler<>).GetMethods().Single())
            .ToList();

        // An overload that takes an Action would silently turn async lambdas into async void.
        handlers.Should().HaveCountGreaterThan(2).And.OnlyContain(m => m.ReturnType == typeof(Task));
    }

    [Test]
    public async Task Live_events_waiting_for_a_slow_application_are_bounded_in_bytes_too()
    {
        var live = new LiveBuffer(capacity: 100_000, TimeProvider.System, new WakeSignal(TimeProvider.System));
        var large = new PushedEvent(new AgentEventEnvelope
        {
            Type = "t",
            Id = Guid.Empty,
            Position = new StreamPosition("e", 1),
            Time = default,
            Data = EventData.Parse($"\"{new string('x', 1024 * 1024)}\""),
        });
        for (int i = 0; i < 40; i++) live.AddEvent(large);
        await live.WaitAsync(limit: null, CancellationToken.None).WithinDeadline();

        var batch = live.Take()!;
        batch.HasLost.Should().BeTrue();
        batch.Events.Count.Should().BeLessThanOrEqualTo(16);
    }
}
