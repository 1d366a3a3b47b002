using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Realtime.Contracts;
using Realtime.Contracts.Hub;
using Realtime.Contracts.Serialization;

namespace Realtime.Server.FanOut;

/// <summary>
/// The hub message that carries one event, as SignalR's JSON protocol writes it: made once per event, for all its connections
/// on all nodes, and without the protocol's way over boxed arguments. Thread-safe.
/// </summary>
internal static class EventFrame
{
    private const byte RecordSeparator = 0x1e;

    /// <summary>A thread's buffer that grew beyond this, in bytes, is not kept.</summary>
    private const int LargestKept = 128 * 1024;

    private static readonly byte[] Begin = Encoding.ASCII.GetBytes($"{{\"type\":1,\"target\":\"{nameof(IAgentClient.ReceiveEvent)}\",\"arguments\":[");
    private static readonly byte[] End = [.. "]}"u8, RecordSeparator];

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    /// <summary>The envelope in a hub message that carries one event, as it was written.</summary>
    /// <returns><see langword="false"/> for any other message.</returns>
    internal static bool TryUnwrap(ReadOnlyMemory<byte> message, out ReadOnlyMemory<byte> envelope)
    {
        bool isEvent = message.Length > Begin.Length + End.Length && message.Span.StartsWith(Begin) && message.Span.EndsWith(End);
        envelope = isEvent ? message[Begin.Length..^End.Length] : default;
        return isEvent;
    }

    internal static SerializedMessage Json(string protocolName, AgentEventEnvelope envelope)
    {
        var buffer = _buffer ??= new ArrayBufferWriter<byte>(1024);
        buffer.ResetWrittenCount();
        buffer.Write(Begin);
        var writer = _writer ??= new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        writer.Reset(buffer);
        JsonSerializer.Serialize(writer, envelope, RealtimeJsonContext.Default.AgentEventEnvelope);
        writer.Flush();
        buffer.Write(End);
        byte[] bytes = buffer.WrittenSpan.ToArray();
        if (buffer.Capacity > LargestKept) _buffer = null;
        return new SerializedMessage(protocolName, bytes);
    }
}
