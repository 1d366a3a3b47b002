using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Realtime.Client;
using Realtime.Client.Cursors;
using Realtime.Client.Subscriptions;
using Realtime.Contracts;
using Realtime.Contracts.Events;

namespace Realtime.ClientBenchmarks;

/// <summary>From an envelope to the application's handler and to the cursor behind it.</summary>
public class HandOverBenchmarks
{
    private EventPump _typed = null!;
    private EventPump _raw = null!;

    [GlobalSetup]
    public void MakePumps()
    {
        _typed = Make(sink => sink.Add<AgentStepCompleted>((e, _) => Task.CompletedTask), isTyped: true);
        _raw = Make(sink => sink.Add((e, _) => Task.CompletedTask), isTyped: false);
    }

    [Benchmark(Description = "hand over: raw")]
    [BenchmarkCategory("hand over")]
    public Task Raw() => _raw.HandAsync(Pushes.Envelopes[0], default);

    [Benchmark(Description = "hand over: typed, data parsed")]
    [BenchmarkCategory("hand over")]
    public Task Typed() => _typed.HandAsync(Pushes.Envelopes[0], default);

    [Benchmark(Description = "(of that: the data)")]
    [BenchmarkCategory("hand over")]
    public AgentStepCompleted? Data() =>
        System.Text.Json.JsonSerializer.Deserialize(Pushes.Envelopes[0].Data.Utf8.Span, Contracts.Serialization.RealtimeJsonContext.Default.AgentStepCompleted);

    private static EventPump Make(Action<HandlerSink> register, bool isTyped)
    {
        var options = ClientSetup.Options(isTyped);
        var sink = new HandlerSink(options, parked => throw new InvalidOperationException(parked.Event.ReadFault), NullLogger.Instance);
        register(sink);
        return new EventPump(options, sink, new CursorKeeper(options, NullLogger.Instance));
    }
}
