using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Realtime.Client;
using Realtime.Client.Connection;
using Realtime.Client.Cursors;
using Realtime.Client.Ordering;
using Realtime.Client.Recovery;
using Realtime.Client.Subscriptions;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Contracts.Rest;

namespace Realtime.ClientBenchmarks;

/// <summary>
/// From the frame to the end of the typed handler, through the client's own tasks: buffer, follower, merge, pump, cursor. Only socket
/// and server are missing, and SignalR's way from its pipe to the registered method.
/// </summary>
public class WholeWayBenchmarks : IMissedEvents
{
    private static readonly StreamPosition Start = new("k3f9", 0);
    private readonly HubWire _wire = new(typeof(PushedEvent));
    private readonly ManualResetEventSlim _handled = new();
    private long _awaited;

    [Benchmark(OperationsPerInvoke = Pushes.Count, Description = "whole way: many at once")]
    [BenchmarkCategory("whole way")]
    public Task ManyAtOnce() => RunAsync(atOnce: Pushes.Count);

    [Benchmark(OperationsPerInvoke = Pushes.Count, Description = "whole way: one by one")]
    [BenchmarkCategory("whole way")]
    public Task OneByOne() => RunAsync(atOnce: 1);

    ValueTask<EventsAnswer> IMissedEvents.AskAsync(EventsQuestion question, CancellationToken cancellationToken) => new(new EventsAnswer.Page(
        new EventPage { Events = [], Next = question.After!.Value, Head = question.After!.Value, Oldest = new("k3f9", 1), HasMore = false, Truncated = false }));

    private async Task RunAsync(int atOnce)
    {
        var options = ClientSetup.Options(isTyped: true);
        var logger = NullLogger.Instance;
        var live = new LiveBuffer(options.LiveBufferCapacity, options.TimeProvider, new WakeSignal(options.TimeProvider));
        var states = new ConnectionStateMachine(options.TimeProvider, new NotificationQueue<ConnectionStateChangedEventArgs>(_ => { }, logger), logger);
        var cursors = new CursorKeeper(options, logger);
        var sink = new HandlerSink(options, parked => throw new InvalidOperationException(parked.Event.ReadFault), logger);
        sink.Add<AgentStepCompleted>((e, _) =>
        {
            if (e.Position.Sequence == Volatile.Read(ref _awaited)) _handled.Set();
            return Task.CompletedTask;
        });
        var follower = new StreamFollower(options, live, this, new EventPump(options, sink, cursors), cursors, states, _ => { }, logger);
        using var stop = new CancellationTokenSource();
        var run = Task.Run(() => follower.RunAsync(new ClientLifetime(stop.Token, stop.Token)));
        await follower.Started;

        for (int sent = 0; sent < Pushes.Count; sent += atOnce)
        {
            _handled.Reset();
            Volatile.Write(ref _awaited, sent + atOnce);
            for (int i = sent; i < sent + atOnce; i++) live.AddEvent((PushedEvent)_wire.Read(Pushes.Frames[i])!);
            if (!_handled.Wait(TimeSpan.FromSeconds(10))) throw new InvalidOperationException($"Stuck at {cursors.Current?.Position}.");
        }

        await stop.CancelAsync();
        await run.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
