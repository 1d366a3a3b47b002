using System.Text;
using System.Text.Json;
using Realtime.Contracts;
using Realtime.Contracts.Serialization;

namespace Realtime.ClientBenchmarks;

/// <summary>The events of a stream from 1 on, as the server pushes them: frames of 580 bytes, 390 of them data.</summary>
internal static class Pushes
{
    public const int Count = 1_000;

    private static readonly DateTimeOffset Start = new(2026, 11, 23, 3, 27, 0, TimeSpan.Zero);
    private static readonly string Data =
        "{\"agentId\":\"a\",\"agentName\":\"Agent\",\"runId\":\"0000000000000001\",\"stepIndex\":1,\"stepName\":\"Search\",\"status\":\"succeeded\","
        + $"\"startedAt\":\"2026-11-23T03:27:00.123456Z\",\"durationMs\":12.5,\"summary\":\"{new string('s', 200)}\"}}";

    /// <summary>Frames of SignalR's JSON protocol, without what separates them.</summary>
    public static byte[][] Frames { get; } = [.. Enumerable.Range(1, Count).Select(i => Encoding.UTF8.GetBytes(
        $"{{\"type\":1,\"target\":\"ReceiveEvent\",\"arguments\":[{Json(i)}]}}\u001e"))];

    public static AgentEventEnvelope[] Envelopes { get; } =
        [.. Enumerable.Range(1, Count).Select(i => JsonSerializer.Deserialize(Json(i), RealtimeJsonContext.Default.AgentEventEnvelope)!)];

    /// <summary>The body of a page of recovery with all of them.</summary>
    public static byte[] Page { get; } = Encoding.UTF8.GetBytes(
        $"{{\"events\":[{string.Join(',', Enumerable.Range(1, Count).Select(Json))}],\"next\":\"k3f9.{Count}\",\"head\":\"k3f9.{Count}\",\"oldest\":\"k3f9.1\",\"hasMore\":false,\"truncated\":false}}");

    private static string Json(int sequence) =>
        $"{{\"type\":\"agent.step_completed\",\"id\":\"0199c1a4-6f0e-7d3a-9b52-{sequence:x12}\",\"position\":\"k3f9.{sequence}\",\"time\":\"{EventTime.Format(Start.AddMilliseconds(sequence))}\",\"data\":{Data}}}";
}
