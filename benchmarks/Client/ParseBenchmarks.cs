using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Realtime.Client.Ordering;
using Realtime.Client.Recovery;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;

namespace Realtime.ClientBenchmarks;

/// <summary>From bytes to envelopes.</summary>
public class ParseBenchmarks
{
    private readonly HubWire _element = new(typeof(JsonElement));
    private readonly HubWire _pushed = new(typeof(PushedEvent));

    [Benchmark(Baseline = true, Description = "push: frame to JsonElement to envelope")]
    [BenchmarkCategory("push")]
    public AgentEventEnvelope PushThroughElement() =>
        ((JsonElement)_element.Read(Pushes.Frames[0])!).Deserialize(RealtimeJsonContext.Default.AgentEventEnvelope)!;

    [Benchmark(Description = "push: frame to envelope")]
    [BenchmarkCategory("push")]
    public AgentEventEnvelope Push() => ((PushedEvent)_pushed.Read(Pushes.Frames[0])!).Envelope!;

    [Benchmark(Baseline = true, OperationsPerInvoke = Pushes.Count, Description = "page: one event of it, source-generated")]
    [BenchmarkCategory("page")]
    public EventPage PageGenerated() => JsonSerializer.Deserialize(Pushes.Page, RealtimeJsonContext.Default.EventPage)!;

    [Benchmark(OperationsPerInvoke = Pushes.Count, Description = "page: one event of it")]
    [BenchmarkCategory("page")]
    public EventPage Page() => JsonSerializer.Deserialize(Pushes.Page, MissedEvents.PageJson)!;
}
